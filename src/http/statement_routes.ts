import type { Context } from "hono";
import { RealmgateError } from "../core/errors.ts";
import type { Scope } from "../core/scope.ts";
import type { Bound, CompiledStatement } from "../query/compiled_statement.ts";
import { type SessionToken, tokenAfter } from "../query/session_token.ts";
import { readCallOptions } from "./call_options.ts";
import { sentRequestId } from "./request_id.ts";
import {
  type Answer,
  type Endpoint,
  findStatement,
  openScope,
  runStatement,
} from "./statement_call.ts";
import type { Parts } from "./parts.ts";
import { readJson } from "./read_body.ts";

/** Binds a call's parameters, from wherever the request has them. */
type Bind = (
  compiled: CompiledStatement,
  request: Request,
  scope: Scope,
) => Bound | Promise<Bound>;

/** `GET /v1/query/{statement}?param=…`. */
export function getQuery(parts: Parts): (c: Context) => Promise<Response> {
  return statementRoute(parts, "query", (compiled, { url }) => {
    const mark = url.indexOf("?");
    return compiled.bindQuery(mark < 0 ? "" : url.slice(mark + 1));
  });
}

/** `POST /v1/query/{statement}` and `POST /v1/exec/{statement}` with `{"params": {…}}`. */
export function postStatement(parts: Parts, endpoint: Endpoint): (c: Context) => Promise<Response> {
  const { limits: { bodyBytes: maxBytes }, reads } = parts;
  return statementRoute(parts, endpoint, async (compiled, request, scope) => {
    const body = await readJson(request, { maxBytes, scope, reads });
    return compiled.bindJson(readParams(body));
  });
}

/**
 * The hottest path of the service. It builds no object that it can do without, waits only for what
 * is a promise, and touches `Request.signal` only when a statement takes long.
 */
function statementRoute(
  parts: Parts,
  endpoint: Endpoint,
  bind: Bind,
): (c: Context) => Promise<Response> {
  const carrier = endpoint === "exec" ? "write" : "read";
  return async (c) => {
    const request = c.req.raw;
    const { headers } = request;
    const principal = parts.authenticator.authenticate(headers.get("authorization"));
    const options = readCallOptions(headers, carrier);
    const name = c.req.param("statement") ?? "";
    const compiled = findStatement(parts, { name, endpoint, principal });
    const timeoutMs = timeoutOf(parts, compiled.statement, options.deadlineMs);
    const scope = openScope(parts, request, timeoutMs);
    try {
      const binding = bind(compiled, request, scope);
      const bound = binding instanceof Promise ? await binding : binding;
      const answer = await runStatement(parts, { compiled, bound, options, scope });
      return respond(answer, { headers, token: options.token });
    } finally {
      scope.close();
    }
  };
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
    throw new RealmgateError(
      member === "idempotencyKey" ? "not_supported" : "invalid_request",
      member === "fence"
        ? "Cannot read the body: a fence must be in the header Realmgate-Fence"
        : `Cannot read the body: it has an unknown member beside "params"`,
    );
  }
  return (body as { params?: unknown }).params ?? {};
}

const JSON_HEADERS = { headers: { "content-type": "application/json" } };

/** Headers that are set on a Response cost less than those that it is made with, all but one. */
function respond(
  answer: Answer,
  request: { readonly headers: Headers; readonly token: SessionToken | undefined },
): Response {
  const response = new Response(answer.body, JSON_HEADERS);
  const { headers } = response;
  headers.set("cache-control", "private, no-cache");
  headers.set("realmgate-source", answer.source);
  headers.set("realmgate-shard", answer.shard);
  if (answer.write !== undefined) {
    headers.set("realmgate-token", tokenAfter(request.token, [answer.write]));
  }
  const id = sentRequestId(request.headers);
  if (id !== undefined) headers.set("x-request-id", id);
  if (answer.timings !== undefined) headers.set("server-timing", answer.timings.header());
  return response;
}
