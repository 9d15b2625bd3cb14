import { RealmgateError } from "../core/errors.ts";
import type { Scope } from "../core/scope.ts";
import type { Bound, CompiledStatement } from "../query/compiled_statement.ts";
import { encodeOk } from "../query/encode_ok.ts";
import type { Executed } from "../query/primary_writer.ts";
import type { WrittenAt } from "../query/session_token.ts";
import { Timings } from "../query/timings.ts";
import { type Principal, requireScope } from "./authenticator.ts";
import type { CallOptions } from "./call_options.ts";
import type { Parts } from "./parts.ts";

/** An answered call: the JSON text of its body, and what the headers say of it. */
export interface Answer {
  readonly body: string;
  readonly shard: string;
  readonly source: "primary" | "replica";
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
  const { watch, limits } = parts;
  if (watch.size >= limits.concurrentRequests) {
    throw new RealmgateError(
      "overloaded",
      `Cannot take the request: ${limits.concurrentRequests} are under way here already`,
      { retryAfterMs: 1_000 },
    );
  }
  return watch.open({ timeoutMs, signal: () => request.signal });
}

/** Runs a bound statement and encodes its answer. */
export async function runStatement(
  parts: Parts,
  call: {
    readonly compiled: CompiledStatement;
    readonly bound: Bound;
    readonly options: CallOptions;
    readonly scope: Scope;
  },
): Promise<Answer> {
  const { compiled, bound, options, scope } = call;
  const timings = options.timing ? new Timings(parts.clock) : undefined;
  const { consistency, token, fence } = options;
  const run = { compiled, bound, consistency, token, scope, timings, fence };
  const write = compiled.statement.kind === "exec" ? await parts.executor.write(run) : undefined;
  const executed = write ?? await parts.executor.read(run);
  const body = encode(compiled, executed, options);
  if (body.length > parts.limits.resultBytes) {
    throw new RealmgateError(
      "result_too_large",
      `Cannot answer ${compiled.statement.name}: it has over ${parts.limits.resultBytes} bytes`,
      compiled.statement.kind === "exec" ? { outcome: "applied", retry: "never" } : {},
    );
  }
  timings?.mark("encode");
  return { body, shard: executed.shard, source: executed.source, timings, write };
}

function encode(
  compiled: CompiledStatement,
  executed: Executed<Parameters<typeof encodeOk>[1]>,
  options: CallOptions,
): string {
  const { result } = executed;
  return compiled.statement.kind !== "exec" && result.kind === "rows"
    ? `{"data":${compiled.encodeRows(result, options)}}`
    : encodeOk(compiled, result, options);
}
