import { etagOf } from "../cache/etag.ts";
import { RealmgateError } from "../core/errors.ts";
import type { Scope } from "../core/scope.ts";
import type { Bound, CompiledStatement } from "../query/compiled_statement.ts";
import { type CachedAnswer, tooLarge } from "../query/cached_reads.ts";
import { encodeOk } from "../query/encode_ok.ts";
import type { WrittenAt } from "../query/session_token.ts";
import { Timings } from "../query/timings.ts";
import { type Principal, requireScope } from "./authenticator.ts";
import type { CallOptions } from "./call_options.ts";
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
  { cached }: Parts,
  { compiled, bound, options }: RunnableCall,
): CachedAnswer | undefined {
  const { consistency, int64 } = options;
  const cache = cached.cacheOf(compiled, consistency);
  if (cache === undefined) return undefined;
  const key = compiled.cacheKey(bound, options);
  return cached.find(cache, { compiled, bound, consistency, int64, key });
}

/** Runs a bound statement and encodes its answer. */
export async function runStatement(
  parts: Parts,
  call: RunnableCall & { readonly scope: Scope },
): Promise<Answer> {
  const { compiled, bound, options, scope } = call;
  const { consistency, token, fence, int64 } = options;
  const timings = options.timing ? new Timings(parts.clock) : undefined;
  const run = { compiled, bound, consistency, token, scope, timings, fence };
  if (compiled.statement.kind === "exec") {
    const write = await parts.executor.write(run);
    const { generated } = bound;
    const body = encodeOk(compiled, write.result, { int64: options.int64, generated });
    assertShort(parts, compiled, body);
    timings?.mark("encode");
    const { shard, source } = write;
    return { body, shard, source, etag: undefined, timings, write };
  }
  const cache = parts.cached.cacheOf(compiled, consistency);
  if (cache !== undefined) {
    const cachedCall = { ...run, int64, key: compiled.cacheKey(bound, options) };
    const found = parts.cached.find(cache, cachedCall);
    timings?.mark("cache");
    const { body, shard, source, etag } = found ?? await parts.cached.load(cache, cachedCall);
    return { body, shard, source, etag, timings, write: undefined };
  }
  if (compiled.scatter !== undefined) {
    const answer = await parts.scattered.read(compiled.scatter, { ...run, int64 });
    assertShort(parts, compiled, answer.body);
    timings?.mark("encode");
    return { ...answer, etag: undefined, timings, write: undefined };
  }
  const { result, shard, source } = await parts.executor.read(run);
  const body = `{"data":${compiled.encodeRows(result, options)}}`;
  assertShort(parts, compiled, body);
  timings?.mark("encode");
  const etag = compiled.statement.cache === undefined ? undefined : etagOf(body);
  return { body, shard, source, etag, timings, write: undefined };
}

function assertShort({ limits }: Parts, compiled: CompiledStatement, body: string): void {
  if (body.length > limits.resultBytes) throw tooLarge(compiled, limits.resultBytes);
}
