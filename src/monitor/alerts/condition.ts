import type { Alert, AlertRule, AlertSubject } from "../alert.ts";
import { CLEAR_SHARE } from "./rule_settings.ts";

/** Where something is the case; what it may explain, or be explained by, is found by that. */
export interface Place {
  /** The shards that it concerns; `*` stands for any. */
  readonly shards?: readonly string[];
  readonly node?: string;
  readonly statement?: string;
  /** What has made it so, where the facts say that; equal where it is the same. */
  readonly reason?: string;
}

/** Failures by their code, which may have different causes. */
export interface Failures {
  readonly calls: number;
  readonly byCode: Readonly<Record<string, number>>;
}

/** That a rule holds somewhere, as one look at the facts tells. */
export interface Condition {
  readonly rule: AlertRule;
  /** What it is about; the same for as long as it lasts. Unique within the rule. */
  readonly key: string;
  readonly subject: AlertSubject;
  readonly place: Place;
  readonly severity: Alert["severity"];
  readonly summary: string;
  readonly advice: string;
  readonly value: number | null;
  readonly threshold: number | null;
  /** Whether it can begin an alert, or is only not far enough from its threshold to end one. */
  readonly raises: boolean;
  /** Of `error_rate`: what its value was computed from. */
  readonly failures?: Failures;
}

/** What the rules have found. */
export interface Findings {
  readonly conditions: readonly Condition[];
  /** Rules whose facts are not known now: what they have raised stays as it is. */
  readonly unknown: ReadonlySet<AlertRule>;
}

/** Where a value stands; `undefined` where it is no condition at all. */
export function level(
  value: number,
  threshold: number,
): Pick<Condition, "raises" | "value" | "threshold"> | undefined {
  if (value < threshold * CLEAR_SHARE) return undefined;
  return { raises: value >= threshold, value, threshold };
}

/** The same for conditions that measure nothing. */
export const UNMEASURED = { raises: true, value: null, threshold: null } as const;

/** The first of some names, and how many more there are. */
export function listed(names: readonly string[], most = 3): string {
  const more = names.length - most;
  const shown = names.slice(0, most).join(", ");
  return more > 0 ? `${shown} and ${more} more` : shown;
}
