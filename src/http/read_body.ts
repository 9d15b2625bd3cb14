import { RealmgateError } from "../core/errors.ts";
import type { Scope } from "../core/scope.ts";

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
const JSON_TYPE = /^application\/json *(;.*)?$/i;

/**
 * Reads a request's JSON body, bounded in size and time. An empty body is `undefined`.
 *
 * @throws {RealmgateError} `unsupported_media_type`, `payload_too_large`, `invalid_request`,
 * `deadline_exceeded`, `client_closed_request`
 */
export async function readJson(
  request: Request,
  options: { readonly maxBytes: number; readonly scope: Scope },
): Promise<unknown> {
  const { headers } = request;
  const encoding = headers.get("content-encoding");
  if (encoding !== null && encoding !== "identity") {
    throw unsupported(`the body must not be compressed, received content-encoding ${encoding}`);
  }
  const bytes = await readBytes(request, options);
  if (bytes.byteLength === 0) return undefined;
  const type = headers.get("content-type");
  if (type === null || !JSON_TYPE.test(type)) {
    throw unsupported("the body must be application/json");
  }
  let text: string;
  try {
    text = strict.decode(bytes);
  } catch (cause) {
    throw new RealmgateError("invalid_request", "Cannot read the body: it must be UTF-8", {
      cause,
    });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RealmgateError("invalid_request", "Cannot read the body: it must be JSON", { cause });
  }
}

async function readBytes(
  request: Request,
  options: { readonly maxBytes: number; readonly scope: Scope },
): Promise<Uint8Array> {
  const { maxBytes, scope } = options;
  const declared = request.headers.get("content-length");
  if (declared !== null && Number(declared) > maxBytes) throw tooLarge(maxBytes);
  const reader = request.body?.getReader();
  if (reader === undefined) return new Uint8Array();
  const stop = () => void reader.cancel().catch(() => {});
  scope.onEnd(stop);
  try {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.byteLength;
      if (size > maxBytes) {
        stop();
        throw tooLarge(maxBytes);
      }
      chunks.push(value);
    }
    if (scope.ended === "deadline_exceeded") {
      throw new RealmgateError("deadline_exceeded", "Cannot wait longer for the rest of the body");
    }
    return chunks.length === 1 ? chunks[0] as Uint8Array : join(chunks, size);
  } catch (error) {
    if (error instanceof RealmgateError) throw error;
    throw new RealmgateError("client_closed_request", "The body broke off", { cause: error });
  } finally {
    scope.offEnd(stop);
  }
}

function join(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

function tooLarge(maxBytes: number): RealmgateError {
  return new RealmgateError(
    "payload_too_large",
    `Cannot read the body: it must be at most ${maxBytes} bytes`,
    { extra: { maxBytes } },
  );
}

function unsupported(why: string): RealmgateError {
  return new RealmgateError("unsupported_media_type", `Cannot read the body: ${why}`);
}
