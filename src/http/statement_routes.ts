import { RealmgateError } from "../core/errors.ts";
import type { Scope } from "../core/scope.ts";
import type { Bound, CompiledStatement } from "../query/compiled_statement.ts";
import type { CachedAnswer } from "../query/cached_reads.ts";
import { tokenAfter } from "../query/session_token.ts";
import { readCallOptions } from "./call_options.ts";
import { countFailure } from "./count_call.ts";
import type { Parts } from "./parts.ts";
import { readJson } from "./read_body.ts";
import { sentRequestId } from "./request_id.ts";
import {
  type Answer,
  type Endpoint,
  findAnswer,
  findStatement,
  openScope,
  type RunnableCall,
  runStatement,
} from "./statement_call.ts";

/** Answers a request for a statement; throws, or rejects, where it fails. */
export type StatementHandler = (
  request: Request,
  statement: string,
) => Response | Promise<Response>;

/** `GET /v1/query/{statement}?param=…`. A hit of a cache is answered without a promise. */
export function getQuery(parts: Parts): StatementHandler {
  return (request, name) => {
    const { headers, url } = request;
    const principal = parts.authenticator.authenticate(headers.get("authorization"));
    const options = readCallOptions(headers, "read");
    const compiled = findStatement(parts, { name, endpoint: "query", principal });
    const mark = url.indexOf("?");
    const bound = bind(parts, compiled, mark < 0 ? "" : url.slice(mark + 1));
    const call = { compiled, bound, options };
    if (!options.timing) {
      const found = findAnswer(parts, call);
      if (found !== undefined) return respond(found, { headers, call, method: "GET" });
    }
    return run(parts, request, call);
  };
}

/** `POST /v1/query/{statement}` and `POST /v1/exec/{statement}` with `{"params": {…}}`. */
export function postStatement(parts: Parts, endpoint: Endpoint): StatementHandler {
  const { limits: { bodyBytes: maxBytes }, reads } = parts;
  const carrier = endpoint === "exec" ? "write" : "read";
  return async (request, name) => {
    const { headers } = request;
    const principal = parts.authenticator.authenticate(headers.get("authorization"));
    const options = readCallOptions(headers, carrier);
    const compiled = findStatement(parts, { name, endpoint, principal });
    let scope: Scope | undefined;
    let bound: Bound | undefined;
    try {
      scope = openScope(
        parts,
        request,
        timeoutOf(parts, compiled.statement, options.deadlineMs),
      );
      const params = readParams(await readJson(request, { maxBytes, scope, reads }));
      const needed = compiled.idsNeeded(params);
      const ids = needed === 0 ? undefined : await parts.ids.take(needed, scope);
      bound = compiled.bindJson(params, ids);
      const call = { compiled, bound, options };
      return respond(await runStatement(parts, call, scope), {
        headers,
        call,
        method: "POST",
      });
    } catch (error) {
      countFailure(parts, { compiled, bound, scope, error });
      throw error;
    } finally {
      scope?.close();
    }
  };
}

/** Binds a query string; one that is refused is counted. */
function bind(parts: Parts, compiled: CompiledStatement, search: string): Bound {
  try {
    return compiled.bindQuery(search);
  } catch (error) {
    countFailure(parts, { compiled, bound: undefined, scope: undefined, error });
    throw error;
  }
}

/**
 * The hottest path of the service. It builds no object that it can do without, and touches
 * `Request.signal` only when a statement takes long.
 */
async function run(parts: Parts, request: Request, call: RunnableCall): Promise<Response> {
  const { compiled, bound, options } = call;
  let scope: Scope | undefined;
  try {
    scope = openScope(parts, request, timeoutOf(parts, compiled.statement, options.deadlineMs));
    const answer = await runStatement(parts, call, scope);
    return respond(answer, { headers: request.headers, call, method: "GET" });
  } catch (error) {
    countFailure(parts, { compiled, bound, scope, error });
    throw error;
  } finally {
    scope?.close();
  }
}

/** How long a statement may take for this caller, in milliseconds. */
export function timeoutOf(
  parts: Parts,
  statement: { readonly timeoutMs: number },
  deadlineMs: number | undefined,
): number {
  const { maxDeadlineMs } = parts.limits;
  return Math.min(deadlineMs ?? statement.timeoutMs, statement.timeoutMs, maxDeadlineMs);
}

/** The `params` of a call's JSON. @throws {RealmgateError} `invalid_request`, `not_supported` */
export function readParams(body: unknown): unknown {
  if (body === undefined) return {};
  if (body === null || typeof body !== "object" || Array.isArray(body)) {
    throw new RealmgateError(
      "invalid_request",
      'Cannot read the body: it must be an object like {"params": {…}}',
    );
  }
  for (const member of Object.keys(body)) {
    if (member === "params") continue;
    if (member === "idempotencyKey") {
      throw new RealmgateError(
        "not_supported",
        "Cannot run the call: idempotencyKey is not supported yet; leave it out",
      );
    }
    throw new RealmgateError(
      "invalid_request",
      member === "fence"
        ? "Cannot read the body: a fence must be in the header Realmgate-Fence"
        : `Cannot read the body: it has an unknown member beside "params"`,
    );
  }
  return (body as { params?: unknown }).params ?? {};
}

const JSON_HEADERS = { headers: { "content-type": "application/json" } };
const NOT_MODIFIED = { status: 304 };

/** Headers that are set on a Response cost less than those that it is made with, all but one. */
function respond(
  answer: CachedAnswer | Answer,
  request: {
    readonly headers: Headers;
    readonly call: RunnableCall;
    readonly method: "GET" | "POST";
  },
): Response {
  const { etag } = answer;
  const known = etag !== undefined && request.method === "GET" &&
    hasTag(request.headers.get("if-none-match"), etag);
  const response = known
    ? new Response(null, NOT_MODIFIED)
    : new Response(answer.body, JSON_HEADERS);
  const { headers } = response;
  headers.set("cache-control", "private, no-cache");
  headers.set("realmgate-source", answer.source);
  headers.set("realmgate-shard", answer.shard);
  if (etag !== undefined) headers.set("etag", etag);
  if ("write" in answer) {
    if (answer.write !== undefined) {
      headers.set("realmgate-token", tokenAfter(request.call.options.token, [answer.write]));
    }
    if (answer.timings !== undefined) headers.set("server-timing", answer.timings.header());
  }
  const id = sentRequestId(request.headers);
  if (id !== undefined) headers.set("x-request-id", id);
  return response;
}

/** Whether an `If-None-Match` names an answer; strong or weak makes no difference there (RFC 9110). */
export function hasTag(sent: string | null, etag: string): boolean {
  return sent !== null && (sent === "*" || sent.includes(etag));
}
