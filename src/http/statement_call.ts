import type { Cache } from "../cache/cache.ts";
import { etagOf } from "../cache/etag.ts";
import { RealmgateError } from "../core/errors.ts";
import type { Scope } from "../core/scope.ts";
import type { Ok, Rows } from "../drivers/mysql.ts";
import type { Bound, CompiledStatement } from "../query/compiled_statement.ts";
import type { CachedAnswer } from "../query/cached_reads.ts";
import { encodeOk } from "../query/encode_ok.ts";
import type { Call } from "../query/executor.ts";
import type { ScatterPlan } from "../query/scatter/scatter_plan.ts";
import type { WrittenAt } from "../query/session_token.ts";
import { tooLarge } from "../query/statement_errors.ts";
import { type CallTimes, noTimes, Timings } from "../query/timings.ts";
import { type Principal, requireScope } from "./authenticator.ts";
import type { CallOptions } from "./call_options.ts";
import { countAnswer, countHit } from "./count_call.ts";
import type { Parts } from "./parts.ts";

/** An answered call: the JSON text of its body, and what the headers say of it. */
export interface Answer {
  readonly body: string;
  readonly shard: string;
  readonly source: CachedAnswer["source"];
  /** Of a cached statement, wherever the answer came from. */
  readonly etag: string | undefined;
  readonly timings: Timings | undefined;
  /** What a token is made from; `undefined` after a read. */
  readonly write: WrittenAt | undefined;
}

/** Which of the two endpoints a statement was called at. */
export type Endpoint = "query" | "exec";

/**
 * The statement that a request names.
 *
 * @throws {RealmgateError} `unknown_statement`, `wrong_statement_kind`, `forbidden`
 */
export function findStatement(
  parts: Parts,
  call: { readonly name: string; readonly endpoint: Endpoint; readonly principal: Principal },
): CompiledStatement {
  const { name, endpoint, principal } = call;
  const compiled = parts.optimizer.get(name);
  if (compiled === undefined) {
    throw new RealmgateError("unknown_statement", "Cannot find a statement of this name");
  }
  const { kind, scope } = compiled.statement;
  if ((kind === "exec") !== (endpoint === "exec")) {
    const right = kind === "exec" ? "exec" : "query";
    throw new RealmgateError(
      "wrong_statement_kind",
      `Cannot run ${name} here: it is :${kind}; call /v1/${right}/${name}`,
    );
  }
  requireScope(principal, scope);
  return compiled;
}

/** Opens the scope of one request; whoever opened it closes it. */
export function openScope(parts: Parts, request: Request, timeoutMs: number): Scope {
  const { watch, limits, tracing } = parts;
  if (watch.size >= limits.concurrentRequests) {
    throw new RealmgateError(
      "overloaded",
      `Cannot take the request: ${limits.concurrentRequests} are under way here already`,
      { retryAfterMs: 1_000 },
    );
  }
  return watch.open({ timeoutMs, signal: () => request.signal, trace: tracing?.active() });
}

/** A bound call, as it is run. */
export interface RunnableCall {
  readonly compiled: CompiledStatement;
  readonly bound: Bound;
  readonly options: CallOptions;
}

/** The answer that a cache has at hand; costs no wait, no scope and no promise. */
export function findAnswer(
  parts: Parts,
  { compiled, bound, options }: RunnableCall,
): CachedAnswer | undefined {
  const { cached } = parts;
  const { consistency, int64 } = options;
  const cache = cached.cacheOf(compiled, consistency);
  if (cache === undefined) return undefined;
  const key = compiled.cacheKey(bound, options);
  const found = cached.find(cache, { compiled, bound, consistency, int64, key });
  if (found !== undefined) {
    countHit(parts, { compiled, shard: found.shard, bytes: found.body.length });
  }
  return found;
}

/** One call on its way, with all that its caller asked for. */
interface Run extends Call {
  readonly int64: CallOptions["int64"];
  readonly timings: Timings | undefined;
  readonly times: CallTimes | undefined;
}

/** Runs a bound statement, encodes its answer and counts it; failures are for its caller to count. */
export function runStatement(parts: Parts, call: RunnableCall, scope: Scope): Promise<Answer> {
  const { compiled, bound, options: { consistency, token, int64, fence, timing } } = call;
  const timings = timing ? new Timings(parts.clock) : undefined;
  const times = parts.metrics && noTimes();
  const run: Run = { compiled, bound, consistency, token, int64, fence, scope, timings, times };
  if (compiled.statement.kind === "exec") return write(parts, run);
  const cache = parts.cached.cacheOf(compiled, consistency);
  if (cache !== undefined) return readCached(parts, cache, run);
  return compiled.scatter === undefined ? read(parts, run) : scatter(parts, compiled.scatter, run);
}

async function read(parts: Parts, run: Run): Promise<Answer> {
  const { compiled } = run;
  const { result, shard, source } = await parts.executor.read(run);
  const body = `{"data":${compiled.encodeRows(result, run)}}`;
  const etag = compiled.statement.cache === undefined ? undefined : etagOf(body);
  return answer(parts, run, { body, shard, source, etag, write: undefined });
}

async function readCached(parts: Parts, cache: Cache, run: Run): Promise<Answer> {
  const { cached } = parts;
  const { compiled, bound, timings } = run;
  const call = { ...run, key: compiled.cacheKey(bound, run) };
  const found = cached.find(cache, call);
  timings?.mark("cache");
  const { body, shard, source, etag } = found ?? await cached.load(cache, call);
  if (source === "cache" || source === "stale") {
    countHit(parts, { compiled, shard, bytes: body.length });
  } else count(parts, run, { body, shard, source });
  return { body, shard, source, etag, timings, write: undefined };
}

async function scatter(parts: Parts, plan: ScatterPlan, run: Run): Promise<Answer> {
  const { body, shard, source } = await parts.scattered.read(plan, run);
  return answer(parts, run, { body, shard, source, etag: undefined, write: undefined });
}

async function write(parts: Parts, run: Run): Promise<Answer> {
  const { compiled, bound: { generated }, times, int64 } = run;
  const written = await parts.executor.write(run);
  const { result, shard, source } = written;
  if (times !== undefined) times.rows = rowsOf(result);
  const body = encodeOk(compiled, result, { int64, generated });
  return answer(parts, run, { body, shard, source, etag: undefined, write: written });
}

/** What was encoded just now. */
function answer(parts: Parts, run: Run, encoded: Omit<Answer, "timings">): Answer {
  const { compiled, timings } = run;
  const { limits } = parts;
  const { body, shard, source, etag, write } = encoded;
  if (body.length > limits.resultBytes) throw tooLarge(compiled);
  timings?.mark("encode");
  count(parts, run, encoded);
  return { body, shard, source, etag, timings, write };
}

function count(
  parts: Parts,
  { compiled, times, scope: { openedAt } }: Run,
  { shard, source, body: { length: bytes } }: Pick<Answer, "shard" | "source" | "body">,
): void {
  if (times !== undefined) countAnswer(parts, { compiled, shard, source, times, openedAt, bytes });
}

function rowsOf(result: Ok | Rows): number {
  return result.kind === "ok" ? result.affectedRows : result.rows.length;
}
