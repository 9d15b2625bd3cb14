import { Buffer } from "node:buffer";
import type { CacheConfig } from "../cache/cache.ts";
import { ENTRY_KEY_RULE, isEntryKey, isTag, MAX_NAME, TAG_RULE } from "../cache/names.ts";
import { ENTRY_TTL_MS, MAX_VALUE_BYTES, type PutValue } from "../cache/value_store.ts";
import { RealmgateError } from "../core/errors.ts";
import { BodyFields, invalidFields } from "./body_fields.ts";
import { rawMember } from "./raw_member.ts";
import type { JsonText } from "./read_body.ts";

/** Keys, and tags, of one invalidation. */
export const MAX_INVALIDATED = 1_000;
/** Tags of one entry. */
export const MAX_ENTRY_TAGS = 16;

/** What a client wants to be dropped. */
export interface Invalidation {
  readonly keys: readonly string[];
  readonly tags: readonly string[];
  readonly all: boolean;
}

const STATEMENT_KEY = new RegExp(`^[\\x21-\\x7e]{1,${MAX_NAME}}$`);
const STATEMENT_KEY_RULE =
  `must be a key of at most ${MAX_NAME} characters, such as player.get?playerId=42`;

/** Reads the body of an invalidation. @throws {RealmgateError} `invalid_request` */
export function readInvalidation(body: unknown, { writable }: CacheConfig): Invalidation {
  const fields = new BodyFields(body, { known: ["keys", "tags", "all"] });
  const keys = fields.texts("keys", {
    max: MAX_INVALIDATED,
    ...(writable
      ? { accepts: isEntryKey, rule: ENTRY_KEY_RULE }
      : { accepts: (text) => STATEMENT_KEY.test(text), rule: STATEMENT_KEY_RULE }),
  });
  const tags = fields.texts("tags", { max: MAX_INVALIDATED, accepts: isTag, rule: TAG_RULE });
  const all = fields.flag("all");
  fields.done();
  if (keys.length > 0 || tags.length > 0 || all) return { keys, tags, all };
  throw invalidFields([{ param: "body", detail: 'must name keys or tags, or say "all": true' }]);
}

/**
 * Reads an entry; its value stays the text that was sent.
 *
 * @throws {RealmgateError} `invalid_request`, `payload_too_large`
 */
export function readEntry(
  body: JsonText | undefined,
  { key, cache }: { readonly key: string; readonly cache: CacheConfig },
): PutValue {
  const fields = new BodyFields(body?.value ?? {}, { known: ["value", "ttlMs", "tags"] });
  const ttlMs = fields.milliseconds("ttlMs", { ...ENTRY_TTL_MS, fallback: cache.ttlMs });
  const tags = fields.texts("tags", { max: MAX_ENTRY_TAGS, accepts: isTag, rule: TAG_RULE });
  const value = rawMember(body?.text ?? "", "value");
  if (value === undefined) fields.refuse("value", "is required; it may be any JSON value");
  fields.done();
  if (value === undefined || Buffer.byteLength(value) <= MAX_VALUE_BYTES) {
    return { key, value: value ?? "null", ttlMs, tags };
  }
  throw new RealmgateError(
    "payload_too_large",
    `Cannot put the entry: its value must have at most ${MAX_VALUE_BYTES} bytes of JSON`,
    { extra: { maxBytes: MAX_VALUE_BYTES } },
  );
}
