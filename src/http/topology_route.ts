import type { Context } from "hono";
import { requireScope } from "./authenticator.ts";
import type { Parts } from "./parts.ts";

/** `GET /v1/topology`: shards, nodes, roles, lag, epochs, as this isolate sees them. */
export function getTopology(parts: Parts): (c: Context) => Response {
  return (c) => {
    const principal = parts.authenticator.authenticate(c.req.header("authorization") ?? null);
    requireScope(principal, "read");
    return c.json(parts.view.snapshot(), 200, { "cache-control": "no-store" });
  };
}
