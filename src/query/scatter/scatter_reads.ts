import type { Clock } from "../../core/clock.ts";
import { RealmgateError } from "../../core/errors.ts";
import type { ScopeEnd, ScopeWatch } from "../../core/scope.ts";
import type { Rows } from "../../drivers/mysql.ts";
import { InterruptedError } from "../../pool/interrupted_error.ts";
import type { ShardManager } from "../../routing/shard_manager.ts";
import type { Call, Executor } from "../executor.ts";
import { tooManyAsked, tooManyRows } from "../statement_errors.ts";
import type { EncodeOptions } from "../row_encoder.ts";
import { type CallTimes, noTimes } from "../timings.ts";
import { encodeMerged } from "./encode_merged.ts";
import type { Leg, ScatterPlan } from "./scatter_plan.ts";

/** What scattered reads work with; they own none of it. */
export interface ScatterReadsParts {
  readonly executor: Executor;
  readonly shards: ShardManager;
  readonly watch: ScopeWatch;
  readonly clock: Clock;
}

/** The answer of many shards, as the body that is sent. */
export interface ScatterAnswer {
  readonly body: string;
  /** The shards that answered, such as `s1,s2`. */
  readonly shard: string;
  /** `primary` where all rows are a primary's. */
  readonly source: "replica" | "primary";
}

/** Shards that one call asks at a time. */
const LEGS_AT_ONCE = 8;
/** The part of the time that a shard gets which may be left out; the rest is for the answer. */
const PATIENCE = 0.9;
/** What keeps a shard from answering, through no fault of the call. */
const ABSENCES: ReadonlySet<string> = new Set([
  "shard_unavailable",
  "no_primary",
  "split_brain",
  "pool_saturated",
  "deadline_exceeded",
]);

/** Reads that ask several shards at once and answer as one, and reads in pages. */
export class ScatterReads {
  readonly #parts: ScatterReadsParts;

  constructor(parts: ScatterReadsParts) {
    this.#parts = parts;
  }

  /**
   * Asks all shards that a call concerns, at most 8 at a time. The first that fails fails the call,
   * and the others are stopped; a shard that does not answer is left out where the statement says
   * `@partial omit`.
   *
   * @throws {RealmgateError} as {@linkcode Executor.read}, and `result_too_large`
   */
  async read(plan: ScatterPlan, call: Call & EncodeOptions): Promise<ScatterAnswer> {
    const { compiled, bound, timings } = call;
    const { maxRows } = compiled.statement;
    if ((plan.limitOf(bound) ?? 0) > maxRows) throw tooManyAsked(compiled);
    const legs = this.legs(plan, call);
    timings?.mark("route");
    const { answers, missing } = await this.#ask(legs, call);
    timings?.mark("shards");
    const read = answers.filter((answer) => answer !== undefined);
    const unread = legs.filter((_, at) => answers[at] === undefined);
    const merged = plan.merge(bound, read.map(({ result }) => result), unread);
    return {
      body: encodeMerged(compiled, { merged, missing }, call),
      shard: read.map(({ shard }) => shard).join(),
      source: read.every(({ source }) => source === "primary") ? "primary" : "replica",
    };
  }

  /** What each shard would be asked. */
  legs(plan: ScatterPlan, { compiled, bound }: Pick<Call, "compiled" | "bound">): readonly Leg[] {
    const { shards, executor } = this.#parts;
    const { shard: rule } = compiled.statement;
    return plan.legs(bound, {
      shards: shards.shards,
      shardOf: (key) =>
        key === undefined ? executor.shardOf(compiled, bound) : shards.shardForKey(key),
      withKeys: (keys) => rule.by === "each" ? compiled.withList(bound, rule.param, keys) : bound,
    });
  }

  async #ask(legs: readonly Leg[], call: Call): Promise<Asked> {
    const { watch, clock, executor } = this.#parts;
    const { compiled, scope, times } = call;
    const { partialOmit, maxRows } = compiled.statement;
    const leftMs = scope.deadlineAt - clock.now();
    const timeoutMs = partialOmit ? leftMs * PATIENCE : leftMs;
    const own = watch.open({ timeoutMs, trace: scope.trace });
    const pass = (end: ScopeEnd) => own.end(end);
    scope.onEnd(pass);
    const answers: Asked["answers"][number][] = new Array(legs.length);
    const missing: string[] = [];
    let absence: unknown;
    let next = 0;
    let rows = 0;
    const work = async () => {
      while (next < legs.length) {
        const at = next++;
        const { shard, bound } = legs[at] as Leg;
        try {
          const legTimes = times && noTimes();
          const leg = { ...call, bound, scope: own, timings: undefined, times: legTimes };
          const answer = await executor.readFrom(shard, leg);
          if (legTimes !== undefined) addLeg(times, legTimes);
          rows += answer.result.rows.length;
          if (compiled.statement.shard.by === "each" && rows > maxRows) throw tooManyRows(compiled);
          answers[at] = answer;
        } catch (error) {
          if (!partialOmit || scope.ended !== undefined || !isAbsence(error)) throw error;
          absence = error;
          missing.push(shard);
        }
      }
    };
    try {
      await Promise.all(Array.from({ length: Math.min(LEGS_AT_ONCE, legs.length) }, work));
    } finally {
      scope.offEnd(pass);
      // Where one has failed, nobody waits for the others any longer.
      own.end("client_closed");
      own.close();
    }
    if (missing.length === legs.length) throw absence;
    return { answers, missing };
  }
}

interface Asked {
  /** In the legs' order; `undefined` for those that were left out. */
  readonly answers: readonly (
    | { readonly result: Rows; readonly shard: string; readonly source: "replica" | "primary" }
    | undefined
  )[];
  readonly missing: readonly string[];
}

function isAbsence(error: unknown): boolean {
  return error instanceof RealmgateError
    ? ABSENCES.has(error.code)
    : error instanceof InterruptedError && error.end === "deadline_exceeded";
}

/** Of legs that run side by side the longest counts. */
function addLeg(times: CallTimes | undefined, leg: CallTimes): void {
  if (times === undefined) return;
  times.queueMs = Math.max(times.queueMs, leg.queueMs);
  times.executeMs = Math.max(times.executeMs, leg.executeMs);
  times.answeredAt = Math.max(times.answeredAt, leg.answeredAt);
  times.rows += leg.rows;
}
