import type { Context } from "hono";
import type { Parts } from "./parts.ts";
import { authorize } from "./plain_call.ts";

/** `GET /v1/events`: the fleet as server-sent events, until the client leaves. HEAD begins no stream. */
export function getEvents(parts: Parts): (c: Context) => Response {
  return (c) => {
    authorize(parts, c.req.raw, "read");
    const body = c.req.method === "HEAD"
      ? null
      : parts.events.open(c.req.header("last-event-id") ?? null);
    return new Response(body, {
      headers: {
        "content-type": "text/event-stream",
        // A compressed stream would hold events back, here as in a proxy.
        "cache-control": "no-store, no-transform",
        "x-accel-buffering": "no",
      },
    });
  };
}
