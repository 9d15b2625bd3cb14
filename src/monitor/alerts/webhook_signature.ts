import { createHmac } from "node:crypto";

const PREFIX = "whsec_";

/** A message as it is signed. */
export interface SignedParts {
  /** The same for each attempt to deliver it. */
  readonly id: string;
  /** Of the attempt, in Unix seconds. */
  readonly timestamp: number;
  readonly body: string;
}

/**
 * The bytes of a secret: what follows `whsec_` in base64, or else the text itself.
 *
 * @throws {TypeError} if what follows `whsec_` is not base64, or nothing is there
 */
export function secretKey(secret: string): Uint8Array {
  const bytes = secret.startsWith(PREFIX)
    ? decoded(secret.slice(PREFIX.length))
    : new TextEncoder().encode(secret);
  if (bytes !== undefined && bytes.length > 0) return bytes;
  throw new TypeError(`Cannot use a webhook's secret: after ${PREFIX} must be base64`);
}

/**
 * The headers that prove who sent a message and when, by the Standard Webhooks specification
 * (standardwebhooks.com, 1.0): HMAC-SHA256 over `id.timestamp.body`.
 *
 * @example
 * ```ts
 * import { secretKey, signedHeaders } from "./webhook_signature.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const parts = { id: "msg_1", timestamp: 1_800_000_000, body: "{}" };
 * const headers = signedHeaders(parts, secretKey("a plain secret"));
 * assertEquals(headers["webhook-id"], "msg_1");
 * assertEquals(headers["webhook-signature"].slice(0, 3), "v1,");
 * ```
 */
export function signedHeaders({ id, timestamp, body }: SignedParts, key: Uint8Array) {
  const hmac = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  return {
    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": `v1,${hmac}`,
  };
}

function decoded(base64: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(base64);
  } catch {
    return undefined;
  }
}
