import type { Context } from "hono";
import { RealmgateError } from "../core/errors.ts";
import type { Scope } from "../core/scope.ts";
import type { Grant } from "../locks/acquirer.ts";
import { isLockName, LOCK_NAME_RULE } from "../locks/lock_name.ts";
import { audited } from "./audited.ts";
import { BodyFields, type FieldFault, invalidFields } from "./body_fields.ts";
import {
  isToken,
  MAX_RENEWALS,
  nameField,
  ownerField,
  RESERVED,
  tokenField,
  TTL_MS,
  WAIT_MS,
} from "./lock_fields.ts";
import type { Parts } from "./parts.ts";
import { authorize, deadlineOf, inScope, jsonAnswer, jsonBody, plainCall } from "./plain_call.ts";
import { openScope } from "./statement_call.ts";

/** What an acquire may take beyond its wait, and any other call in all: Redis's own time. */
const REDIS_MS = 2_000;
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,128}$/;
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;

/** `POST /v1/locks/{name}`: acquires it, waiting in line for as long as the caller wants. */
export function acquireLock(parts: Parts): (c: Context) => Promise<Response> {
  return async (c) => {
    const arrivedAt = parts.clock.now();
    const request = c.req.raw;
    const principal = authorize(parts, request, "write");
    const name = lockName(c);
    if (name.startsWith(RESERVED)) {
      throw invalidFields([{ param: "name", detail: `must not begin with ${RESERVED}` }]);
    }
    const key = idempotencyKey(request.headers);
    const deadlineMs = deadlineOf(request);
    // The body has a time limit of its own, so that a wait of a minute is no licence to dawdle.
    const body = await inScope(parts, request, (scope) => jsonBody(parts, request, scope));
    const fields = new BodyFields(body, { known: ["ttlMs", "waitMs", "owner"] });
    const ttlMs = fields.milliseconds("ttlMs", TTL_MS);
    const waitMs = fields.milliseconds("waitMs", { ...WAIT_MS, fallback: 0 });
    const owner = ownerField(fields, "owner", principal.name);
    fields.done();
    const once = key === undefined
      ? undefined
      : { by: principal.name, key, fingerprint: `${ttlMs} ${owner}` };
    const scope = openScope(parts, request, Math.min(deadlineMs, waitMs + REDIS_MS));
    try {
      const asked = { name, ttlMs, waitMs, owner, once, arrivedAt };
      const grant = await parts.locks.acquire(asked, scope);
      watchDelivery(parts, request, grant);
      return granted(grant, request.headers);
    } finally {
      scope.close();
    }
  };
}

/** `PUT /v1/locks/{name}`: extends a grant. */
export function renewLock(parts: Parts): (c: Context) => Promise<Response> {
  return (c) =>
    plainCall(parts, c, async (scope, arrivedAt) => {
      authorize(parts, c.req.raw, "write");
      const name = lockName(c);
      const fields = new BodyFields(await jsonBody(parts, c.req.raw, scope), {
        known: ["token", "ttlMs"],
      });
      const token = tokenField(fields, "token");
      const ttlMs = fields.milliseconds("ttlMs", TTL_MS);
      fields.done();
      const [renewal] = await parts.locks.renew([{ name, token, ttlMs }], { arrivedAt, scope });
      if (renewal?.held !== true) {
        throw new RealmgateError(
          "lock_lost",
          "Cannot renew the lock: it expired or was released; stop what you do under it",
        );
      }
      const { validForMs, fence } = renewal;
      return { name, token, fence, ttlMs, validForMs };
    });
}

/** `PUT /v1/locks`: extends many grants at one instant. */
export function renewLocks(parts: Parts): (c: Context) => Promise<Response> {
  return (c) =>
    plainCall(parts, c, async (scope, arrivedAt) => {
      authorize(parts, c.req.raw, "write");
      const whole = new BodyFields(await jsonBody(parts, c.req.raw, scope), { known: ["locks"] });
      const items = whole.raw("locks");
      if (!Array.isArray(items) || items.length === 0 || items.length > MAX_RENEWALS) {
        whole.refuse("locks", `must be a list of 1 to ${MAX_RENEWALS} locks`);
      }
      whole.done();
      const errors: FieldFault[] = [];
      const locks = (items as unknown[]).map((item, at) => {
        const fields = new BodyFields(item, {
          known: ["name", "token", "ttlMs"],
          path: `locks[${at}]`,
          errors,
        });
        return {
          name: nameField(fields, "name"),
          token: tokenField(fields, "token"),
          ttlMs: fields.milliseconds("ttlMs", TTL_MS),
        };
      });
      if (errors.length > 0) throw invalidFields(errors);
      const renewals = await parts.locks.renew(locks, { arrivedAt, scope });
      return {
        results: renewals.map(({ name, held, validForMs }) => ({ name, held, validForMs })),
      };
    });
}

/** `DELETE /v1/locks/{name}`: gives a grant up, or with `force=true` and the admin scope anyone's. */
export function releaseLock(parts: Parts): (c: Context) => Promise<Response> {
  return (c) =>
    plainCall(parts, c, async (scope) => {
      const force = forced(c);
      const { name: by } = authorize(parts, c.req.raw, force ? "admin" : "write");
      const name = lockName(c);
      const release = async (token: string | undefined) => ({
        released: await parts.locks.release({ name, token }, scope),
      });
      if (!force) return await release(await releaseToken(parts, c.req.raw, scope));
      return await audited(parts, {
        by,
        action: "lock.release",
        target: name,
        describe: ({ released }) => released ? undefined : "nobody held it",
      }, () => release(undefined));
    });
}

/** `GET /v1/locks/{name}`: a lock as it is now. */
export function getLock(parts: Parts): (c: Context) => Promise<Response> {
  return (c) =>
    plainCall(parts, c, async (scope) => {
      authorize(parts, c.req.raw, "read");
      return await parts.locks.inspect(lockName(c), scope);
    });
}

/** `GET /v1/locks?prefix=&limit=`: the locks that are held, for the admin scope. */
export function listLocks(parts: Parts): (c: Context) => Promise<Response> {
  return (c) =>
    plainCall(parts, c, async (scope) => {
      authorize(parts, c.req.raw, "admin");
      const prefix = c.req.query("prefix") ?? "";
      const limit = c.req.query("limit") ?? String(DEFAULT_LIMIT);
      if (prefix !== "" && !isLockName(prefix)) {
        throw invalidFields([{ param: "prefix", detail: LOCK_NAME_RULE }]);
      }
      if (!/^[1-9]\d{0,3}$/.test(limit) || Number(limit) > MAX_LIMIT) {
        throw invalidFields([{ param: "limit", detail: `must be from 1 to ${MAX_LIMIT}` }]);
      }
      return { locks: await parts.locks.list({ prefix, limit: Number(limit) }, scope) };
    });
}

/** `GET /v1/monitor/locks`: what the answering isolate did with locks since it started. */
export function getLockStats(parts: Parts): (c: Context) => Response {
  return (c) => {
    authorize(parts, c.req.raw, "read");
    return jsonAnswer(200, parts.locks.stats, c.req.raw.headers);
  };
}

function lockName(c: Context): string {
  const name = c.req.param("name") ?? "";
  if (isLockName(name)) return name;
  throw invalidFields([{ param: "name", detail: LOCK_NAME_RULE }]);
}

function idempotencyKey(headers: Headers): string | undefined {
  const key = headers.get("idempotency-key");
  if (key === null) return undefined;
  if (IDEMPOTENCY_KEY.test(key)) return key;
  const detail = "must be 1 to 128 characters of printable ASCII without spaces";
  throw invalidFields([{ param: "Idempotency-Key", detail }]);
}

function forced(c: Context): boolean {
  const force = c.req.query("force");
  if (force === undefined || force === "false") return false;
  if (force === "true") return true;
  throw invalidFields([{ param: "force", detail: "must be true or false" }]);
}

async function releaseToken(parts: Parts, request: Request, scope: Scope): Promise<string> {
  const header = request.headers.get("realmgate-lock-token");
  if (header === null) {
    const fields = new BodyFields(await jsonBody(parts, request, scope), { known: ["token"] });
    const token = tokenField(fields, "token");
    fields.done();
    return token;
  }
  if (isToken(header)) return header;
  const detail = "must be the token of a grant";
  throw invalidFields([{ param: "Realmgate-Lock-Token", detail }]);
}

/**
 * Takes a grant back whose client had left before it was answered. The signal tells even if it is
 * first looked at now; after an answer that went out it says nothing more.
 */
function watchDelivery(parts: Parts, request: Request, grant: Grant): void {
  const { signal } = request;
  const takeBack = () => parts.locks.takeBack(grant.attempt);
  if (signal.aborted) takeBack();
  else signal.addEventListener("abort", takeBack, { once: true });
}

function granted(grant: Grant, requestHeaders: Headers): Response {
  const { name, token, fence, ttlMs, validForMs, replayed } = grant;
  const response = jsonAnswer(201, { name, token, fence, ttlMs, validForMs }, requestHeaders);
  if (replayed) response.headers.set("idempotency-replayed", "true");
  return response;
}
