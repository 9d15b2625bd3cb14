import type { MiddlewareHandler } from "hono";

const ACCEPTABLE = /^[\x21-\x7e]{1,128}$/;

/** The request's own `X-Request-Id` where it is printable ASCII of at most 128 characters. */
export function sentRequestId(headers: Headers): string | undefined {
  const sent = headers.get("x-request-id");
  return sent !== null && ACCEPTABLE.test(sent) ? sent : undefined;
}

/** The request's own id, or a new one. */
export function requestId(headers: Headers): string {
  return sentRequestId(headers) ?? crypto.randomUUID();
}

/** Middleware: an answer carries the id that its request was sent with. */
export function echoRequestId(): MiddlewareHandler {
  return async (c, next) => {
    await next();
    const sent = sentRequestId(c.req.raw.headers);
    if (sent !== undefined) c.res.headers.set("x-request-id", sent);
  };
}
