import { z } from "zod";
import type { Alert, AlertRule } from "../alert.ts";
import type { Condition } from "./condition.ts";
import { RULES } from "./rule_settings.ts";

/** One condition from when it was first seen until it has been over for long enough. */
export interface Episode {
  /** As it was seen last. */
  readonly condition: Condition;
  /** When that was, in Unix milliseconds. */
  readonly seenAt: number;
  /** Since when it holds and nothing explains it; `null` while something does. */
  readonly heldSince: number | null;
  /** Until when it is explained, by the code of failures, or by `*` where it has none. */
  readonly explained: Readonly<Record<string, number>>;
  /** The alert that it has raised. */
  readonly alert: Alert | null;
}

/** All that an engine knows, as JSON. */
export interface EngineState {
  /** In the order in which they are judged. */
  readonly episodes: readonly Episode[];
  /** The newest first. */
  readonly history: readonly Alert[];
  /** When each condition was raised in the last minutes, by {@linkcode idOf}. */
  readonly raises: Readonly<Record<string, readonly number[]>>;
}

/** An engine that has seen nothing. */
export const NO_STATE: EngineState = { episodes: [], history: [], raises: {} };

/** The name of a condition among all rules. */
export function idOf({ rule, key }: Pick<Condition, "rule" | "key">): string {
  return `${rule} ${key}`;
}

const rule = z.enum(RULES as readonly [AlertRule, ...AlertRule[]]);
const severity = z.enum(["warning", "critical"]);
const measured = { value: z.number().nullable(), threshold: z.number().nullable() };
const texts = { severity, summary: z.string(), advice: z.string() };
const optional = z.string().exactOptional();
const subject = z.object({
  shard: optional,
  node: optional,
  statement: optional,
  process: optional,
  isolate: optional,
  table: optional,
});
const alert = z.object({
  id: z.string(),
  rule,
  subject,
  ...texts,
  ...measured,
  state: z.enum(["raised", "cleared"]),
  raisedAt: z.number(),
  clearedAt: z.number().nullable(),
  flapping: z.boolean(),
});
const condition = z.object({
  rule,
  key: z.string(),
  subject,
  place: z.object({
    shards: z.array(z.string()).exactOptional(),
    node: optional,
    statement: optional,
    reason: optional,
  }),
  ...texts,
  ...measured,
  raises: z.boolean(),
  failures: z.object({ calls: z.number(), byCode: z.record(z.string(), z.number()) })
    .exactOptional(),
});

const episode = z.object({
  condition,
  seenAt: z.number(),
  heldSince: z.number().nullable(),
  explained: z.record(z.string(), z.number()),
  alert: alert.nullable(),
});

/** Those that are understood: another release may have rules that this one does not know. */
function known<T>(type: z.ZodType<T>) {
  return z.array(z.unknown()).transform((all) =>
    all.flatMap((one) => {
      const parsed = type.safeParse(one);
      return parsed.success ? [parsed.data] : [];
    })
  );
}

/** An engine's state as another process, perhaps of another release, has left it. */
export const engineState: z.ZodType<EngineState> = z.object({
  episodes: known<Episode>(episode),
  history: known<Alert>(alert),
  raises: z.record(z.string(), z.array(z.number())),
});
