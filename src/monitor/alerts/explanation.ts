import type { AlertRule } from "../alert.ts";
import type { Condition, Place } from "./condition.ts";

/**
 * What a cause and its effect must have in common. `node`: the server, where the effect names one.
 * `shard`: some shard. `statement`: the statement. `whole`: some shard, of which the cause concerns
 * all and the effect one statement. `reason`: what the facts give as the reason. `fleet`: nothing.
 */
export type Relation = "node" | "shard" | "statement" | "whole" | "reason" | "fleet";

/** That a condition explains another one, which is no fault of its own then. */
export interface Inhibition {
  readonly effect: AlertRule;
  readonly where: Relation;
  /** Of failures: only those with these codes are explained. */
  readonly codes?: readonly string[];
  /**
   * `true`: only a cause that is raised explains, so that of two that explain each other the one that
   * came first stays.
   */
  readonly raised?: boolean;
  /** For how long the effect may outlast its cause, in milliseconds. @default {60_000} */
  readonly lingerMs?: number;
  readonly why: string;
}

/** What each rule's conditions explain. */
export type Inhibitions = Readonly<Record<AlertRule, readonly Inhibition[]>>;

const LINGER_MS = 60_000;

/** Whether a table's entry under the cause's rule lets that cause explain this effect. */
export function explains(
  { effect: rule, where }: Inhibition,
  { cause, effect }: { readonly cause: Condition; readonly effect: Condition },
): boolean {
  if (effect.rule !== rule || (cause.rule === rule && cause.key === effect.key)) return false;
  return related(where, { from: cause.place, to: effect.place });
}

/** For how long an entry's effect may outlast its cause, in milliseconds. */
export function lingerOf({ lingerMs = LINGER_MS }: Inhibition): number {
  return lingerMs;
}

function related(where: Relation, places: { readonly from: Place; readonly to: Place }): boolean {
  const { from, to } = places;
  switch (where) {
    case "fleet":
      return true;
    case "shard":
      return shareShard(from, to);
    case "node":
      return shareShard(from, to) && (to.node === undefined || to.node === from.node);
    case "whole":
      return shareShard(from, to) && from.statement === undefined && to.statement !== undefined;
    case "statement":
      return from.statement !== undefined && from.statement === to.statement;
    case "reason":
      return from.reason !== undefined && from.reason === to.reason;
  }
}

function shareShard({ shards: some = [] }: Place, { shards: others = [] }: Place): boolean {
  return some.some((shard) => shard === "*" || others.includes("*") || others.includes(shard));
}
