import type { Context } from "hono";
import { RealmgateError } from "../core/errors.ts";
import type { Scope } from "../core/scope.ts";
import type { Bound, CompiledStatement } from "../query/compiled_statement.ts";
import { type Fence, FENCE_RULE, parseFence } from "../query/fence.ts";
import { tokenAfter, type WrittenAt } from "../query/session_token.ts";
import type { Principal } from "./authenticator.ts";
import { type CallOptions, readCallOptions } from "./call_options.ts";
import { countFailure } from "./count_call.ts";
import { logFailure } from "./log_failure.ts";
import type { Parts } from "./parts.ts";
import { toProblem, toRealmgateError } from "./problem.ts";
import { readJson } from "./read_body.ts";
import { requestId, sentRequestId } from "./request_id.ts";
import { type Endpoint, findStatement, openScope, runStatement } from "./statement_call.ts";
import { timeoutOf } from "./statement_routes.ts";

/** Calls that one batch may hold. */
const MAX_CALLS = 100;
/** Calls of one batch under way at a time, so that one batch cannot fill a pool's queue. */
const CONCURRENT_CALLS = 8;

/** What the reads of one batch may answer together, in times of what one answer may have. */
const ANSWERS = 4;

interface BatchCall {
  readonly statement: string;
  readonly params: unknown;
  readonly fence: string | undefined;
}

/**
 * `POST /v1/batch`: up to 100 calls, each on its own, answered in their order. The batch itself
 * is refused whole, before anything ran, if its shape is wrong; a call that fails is a problem
 * document in its place.
 */
export function postBatch(parts: Parts): (c: Context) => Promise<Response> {
  return async (c) => {
    const request = c.req.raw;
    const principal = parts.authenticator.authenticate(request.headers.get("authorization"));
    const options = readCallOptions(request.headers, "batch");
    const { maxDeadlineMs, bodyBytes, resultBytes } = parts.limits;
    const scope = openScope(
      parts,
      request,
      Math.min(options.deadlineMs ?? maxDeadlineMs, maxDeadlineMs),
    );
    try {
      const calls = readCalls(
        await readJson(request, { maxBytes: bodyBytes, scope, reads: parts.reads }),
      );
      const id = requestId(request.headers);
      const results = new Array<string>(calls.length);
      const writes: WrittenAt[] = [];
      const room = { left: ANSWERS * resultBytes };
      let next = 0;
      const work = async () => {
        while (next < calls.length) {
          const at = next++;
          const call = calls[at] as BatchCall;
          results[at] = await answer(parts, { call, principal, options, scope, id, writes, room });
        }
      };
      await Promise.all(Array.from({ length: Math.min(CONCURRENT_CALLS, calls.length) }, work));
      const sent = sentRequestId(request.headers);
      const [first, ...others] = writes;
      return new Response(`{"results":[${results.join(",")}]}`, {
        headers: {
          "content-type": "application/json",
          "cache-control": "private, no-cache",
          ...(first === undefined
            ? {}
            : { "realmgate-token": tokenAfter(options.token, [first, ...others]) }),
          ...(sent === undefined ? {} : { "x-request-id": sent }),
        },
      });
    } finally {
      scope.close();
    }
  };
}

async function answer(
  parts: Parts,
  run: {
    readonly call: BatchCall;
    readonly principal: Principal;
    readonly options: CallOptions;
    readonly scope: Scope;
    readonly id: string;
    /** Filled with what was written. */
    readonly writes: WrittenAt[];
    /** How long the answers of reads may still be. */
    readonly room: { left: number };
  },
): Promise<string> {
  const { call, principal, options, scope, id, writes, room } = run;
  let own: Scope | undefined;
  let compiled: CompiledStatement | undefined;
  let bound: Bound | undefined;
  const end = (reason: Parameters<Scope["end"]>[0]) => own?.end(reason);
  try {
    const kind = parts.optimizer.get(call.statement)?.statement.kind;
    const endpoint = kind === "exec" ? "exec" : "query";
    compiled = findStatement(parts, { name: call.statement, endpoint, principal });
    const fence = call.fence === undefined ? undefined : readFence(call.fence, endpoint);
    const needed = compiled.idsNeeded(call.params);
    const ids = needed === 0 ? undefined : await parts.ids.take(needed, scope);
    bound = compiled.bindJson(call.params, ids);
    const left = scope.deadlineAt - parts.clock.now();
    const timeoutMs = Math.max(0, Math.min(left, timeoutOf(parts, compiled.statement, undefined)));
    own = parts.watch.open({ timeoutMs, trace: scope.trace });
    scope.onEnd(end);
    const ownOptions = { ...options, timing: false, fence };
    const run = { compiled, bound, options: ownOptions };
    const { body, write } = await runStatement(parts, run, own);
    if (write !== undefined) writes.push(write);
    else if (body.length > room.left) throw tooMuch(compiled);
    else room.left -= body.length;
    return `{"status":200,"body":${body}}`;
  } catch (error) {
    if (compiled !== undefined) countFailure(parts, { compiled, bound, scope: own, error });
    const known = toRealmgateError(error);
    const { status, body } = toProblem(known, id);
    logFailure(parts.log, known, { requestId: id, path: "/v1/batch" });
    return JSON.stringify({ status, body });
  } finally {
    scope.offEnd(end);
    own?.close();
  }
}

function tooMuch({ statement: { name } }: CompiledStatement): RealmgateError {
  return new RealmgateError(
    "result_too_large",
    `Cannot answer ${name}: what a batch reads may be ${ANSWERS} times limits.resultBytes in all`,
  );
}

/** A call's own fence; a fault in it is that call's alone, like one of its parameters. */
function readFence(text: string, endpoint: Endpoint): Fence {
  if (endpoint !== "exec") {
    throw new RealmgateError(
      "not_supported",
      "Cannot read under a fence: leave fence out of this call; it protects writes",
    );
  }
  const fence = parseFence(text);
  if (fence !== undefined) return fence;
  throw new RealmgateError("invalid_request", `Cannot use the call's fence: it ${FENCE_RULE}`, {
    extra: { errors: [{ param: "fence", detail: FENCE_RULE }] },
  });
}

function readCalls(body: unknown): readonly BatchCall[] {
  const calls = isObject(body) ? body["calls"] : undefined;
  if (!isObject(body) || !Array.isArray(calls)) {
    throw invalid("body", 'must be an object like {"calls": [{"statement": "…", "params": {…}}]}');
  }
  const extra = Object.keys(body).find((member) => member !== "calls");
  if (extra !== undefined) throw invalid("body", "must have no member beside calls");
  if (calls.length === 0 || calls.length > MAX_CALLS) {
    throw invalid("calls", `must hold 1 to ${MAX_CALLS} calls, received ${calls.length}`);
  }
  return calls.map((call: unknown, at) => readCall(call, `calls[${at}]`));
}

function readCall(call: unknown, path: string): BatchCall {
  if (!isObject(call)) throw invalid(path, "must be an object");
  for (const member of Object.keys(call)) {
    if (member === "idempotencyKey") {
      throw new RealmgateError(
        "not_supported",
        `Cannot run the batch: ${path}.${member} is not supported yet; leave it out`,
      );
    }
    if (member !== "statement" && member !== "params" && member !== "fence") {
      throw invalid(path, "must have no member beside statement, params and fence");
    }
  }
  const { statement, params, fence } = call;
  if (typeof statement !== "string") throw invalid(`${path}.statement`, "must be a string");
  if (fence !== undefined && typeof fence !== "string") {
    throw invalid(`${path}.fence`, "must be a string like lock=number");
  }
  return { statement, params: params ?? {}, fence };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function invalid(param: string, detail: string): RealmgateError {
  return new RealmgateError("invalid_request", `Cannot run the batch: ${param} ${detail}`, {
    extra: { errors: [{ param, detail }] },
  });
}
