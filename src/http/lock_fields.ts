import { isLockName, LOCK_NAME_RULE } from "../locks/lock_name.ts";
import type { BodyFields } from "./body_fields.ts";

/** Bounds of a grant's time to live and of a wait, in milliseconds. */
export const TTL_MS = { min: 100, max: 600_000 };
/** See {@linkcode TTL_MS}. */
export const WAIT_MS = { min: 0, max: 60_000 };
/** Locks of one bulk renewal. */
export const MAX_RENEWALS = 500;
/** Names that begin so are the service's own. */
export const RESERVED = "realmgate:";

const MAX_OWNER = 128;
const TOKEN = /^[0-9a-f]{32}$/;

/** A lock's name. */
export function nameField(fields: BodyFields, member: string): string {
  const value = fields.raw(member);
  if (typeof value === "string" && isLockName(value)) return value;
  fields.refuse(member, LOCK_NAME_RULE);
  return "";
}

/** A grant's token. */
export function tokenField(fields: BodyFields, member: string): string {
  const value = fields.raw(member);
  if (typeof value === "string" && isToken(value)) return value;
  fields.refuse(member, "must be the token of a grant");
  return "";
}

/** Who asks: a short text, or the fallback where it is absent. */
export function ownerField(fields: BodyFields, member: string, fallback: string): string {
  const value = fields.raw(member) ?? fallback;
  const fits = typeof value === "string" && value.length > 0 && value.length <= MAX_OWNER;
  if (fits && value.isWellFormed()) return value;
  fields.refuse(member, `must be a text of 1 to ${MAX_OWNER} characters of Unicode`);
  return fallback;
}

/** Whether a text has the form of a grant's token. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}
