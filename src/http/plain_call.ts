import type { Context } from "hono";
import type { Scope } from "../core/scope.ts";
import { type Principal, requireScope } from "./authenticator.ts";
import { readDeadline } from "./call_options.ts";
import type { Parts } from "./parts.ts";
import { readJson } from "./read_body.ts";
import { sentRequestId } from "./request_id.ts";
import { openScope } from "./statement_call.ts";

/*
 * What calls have in common that are no statement's: who sent them, their time, their body and their
 * answer.
 */

/** @throws {RealmgateError} `unauthenticated`, `forbidden` */
export function authorize(
  parts: Pick<Parts, "authenticator">,
  request: Request,
  scope: string,
): Principal {
  const principal = parts.authenticator.authenticate(request.headers.get("authorization"));
  requireScope(principal, scope);
  return principal;
}

/** Answers a call with what `work` yields, within the time that the caller or Redis allows. */
export async function plainCall(
  parts: Parts,
  c: Context,
  work: (scope: Scope, arrivedAt: number) => Promise<unknown>,
): Promise<Response> {
  const arrivedAt = parts.clock.now();
  const request = c.req.raw;
  return await inScope(
    parts,
    request,
    async (scope) => jsonAnswer(200, await work(scope, arrivedAt), request.headers),
  );
}

/** Does something within the time that the caller, or the configuration, allows. */
export async function inScope<T>(
  parts: Parts,
  request: Request,
  work: (scope: Scope) => Promise<T>,
): Promise<T> {
  const { maxDeadlineMs } = parts.limits;
  const scope = openScope(parts, request, Math.min(deadlineOf(request), maxDeadlineMs));
  try {
    return await work(scope);
  } finally {
    scope.close();
  }
}

/** What the caller gives its request, in milliseconds. @throws {RealmgateError} `invalid_request` */
export function deadlineOf({ headers }: Request): number {
  return readDeadline(headers.get("realmgate-deadline-ms")) ?? Infinity;
}

/** The JSON body; an empty object where there is none. Throws as {@linkcode readJson}. */
export async function jsonBody(parts: Parts, request: Request, scope: Scope): Promise<unknown> {
  const { limits: { bodyBytes: maxBytes }, reads } = parts;
  return await readJson(request, { maxBytes, scope, reads }) ?? {};
}

const JSON_HEADERS = { "content-type": "application/json" };
const ANSWERS = {
  200: { status: 200, headers: JSON_HEADERS },
  201: { status: 201, headers: JSON_HEADERS },
};

/** An answer that nobody may keep. */
export function jsonAnswer(status: 200 | 201, body: unknown, requestHeaders: Headers): Response {
  const response = new Response(JSON.stringify(body), ANSWERS[status]);
  response.headers.set("cache-control", "no-store");
  const id = sentRequestId(requestHeaders);
  if (id !== undefined) response.headers.set("x-request-id", id);
  return response;
}
