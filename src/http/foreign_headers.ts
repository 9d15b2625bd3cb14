import type { MiddlewareHandler } from "hono";
import { unsupportedHeader } from "./call_options.ts";
import { matchedPath } from "./matched_path.ts";
import type { Parts } from "./parts.ts";

/** Headers that are meant to protect a write: none may be dropped in silence. */
type ProtectingHeader = "Idempotency-Key" | "Realmgate-Fence";

/** Middleware: a route that does not honour a header refuses it, as `not_supported`. */
export function refuseHeaders(
  { authenticator }: Pick<Parts, "authenticator">,
  names: readonly ProtectingHeader[],
): MiddlewareHandler {
  return async (c, next) => {
    const { headers } = c.req.raw;
    const name = names.find((name) => headers.has(name));
    if (name !== undefined && matchedPath(c) !== undefined) {
      authenticator.authenticate(headers.get("authorization"));
      throw unsupportedHeader(name);
    }
    await next();
  };
}
