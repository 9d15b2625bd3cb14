import type { Context } from "hono";
import type { Parts } from "./parts.ts";
import { authorize } from "./plain_call.ts";

/** `GET /v1/topology`: shards, nodes, roles, lag, epochs, as this isolate sees them. */
export function getTopology(parts: Parts): (c: Context) => Response {
  return (c) => {
    authorize(parts, c.req.raw, "read");
    return c.json(parts.view.snapshot(), 200, { "cache-control": "no-store" });
  };
}
