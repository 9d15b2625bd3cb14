import type { Context } from "hono";
import { invalidFields } from "./body_fields.ts";
import type { Parts } from "./parts.ts";
import { authorize, plainCall } from "./plain_call.ts";
import { settled } from "./redis_failure.ts";

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 500;

/** `GET /v1/admin/audit?limit=`: what operators did to the fleet, the newest first. */
export function getAudit(parts: Parts): (c: Context) => Promise<Response> {
  return (c) =>
    plainCall(parts, c, async (scope) => {
      authorize(parts, c.req.raw, "admin");
      const limit = c.req.query("limit") ?? String(DEFAULT_LIMIT);
      if (!/^[1-9]\d{0,2}$/.test(limit) || Number(limit) > MAX_LIMIT) {
        throw invalidFields([{ param: "limit", detail: `must be from 1 to ${MAX_LIMIT}` }]);
      }
      const latest = parts.audit.latest(Number(limit));
      const what = "read what operators did";
      return { entries: await settled(scope, latest, { what, changes: false }) };
    });
}
