import { RealmgateError } from "../core/errors.ts";
import type { Scope, ScopeEnd } from "../core/scope.ts";
import { parseExact } from "../query/exact_json.ts";
import type { BodyReads } from "./body_reads.ts";

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
const JSON_TYPE = /^application\/json *(;.*)?$/i;

/** How a body is read. */
export interface BodyOptions {
  readonly maxBytes: number;
  readonly scope: Scope;
  readonly reads: BodyReads;
}

/** A JSON body, parsed as {@linkcode parseExact} does, and as it was sent. */
export interface JsonText {
  readonly value: unknown;
  readonly text: string;
}

/** Reads a request's JSON body as {@linkcode readJsonText} does, for those who need no text. */
export async function readJson(request: Request, options: BodyOptions): Promise<unknown> {
  return (await readJsonText(request, options))?.value;
}

/**
 * Reads a request's JSON body, bounded in size and time. An empty body is `undefined`.
 *
 * @throws {RealmgateError} `unsupported_media_type`, `payload_too_large`, `invalid_request`,
 * `deadline_exceeded`, `client_closed_request`, `shutting_down`
 */
export async function readJsonText(
  request: Request,
  options: BodyOptions,
): Promise<JsonText | undefined> {
  const { headers } = request;
  const encoding = headers.get("content-encoding");
  if (encoding !== null && encoding.toLowerCase() !== "identity") {
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
    return { value: parseExact(text), text };
  } catch (cause) {
    // Digits are kept by walking through what was parsed, which goes as deep as the stack does.
    const why = cause instanceof RangeError ? "it is nested too deeply" : "it must be JSON";
    throw new RealmgateError("invalid_request", `Cannot read the body: ${why}`, { cause });
  }
}

/**
 * The body's bytes. One that announces its length is taken whole, which Deno does without a stream
 * where all of it is there already; one that does not is counted while it comes.
 */
async function readBytes(request: Request, options: BodyOptions): Promise<Uint8Array> {
  const { maxBytes, scope, reads } = options;
  const declared = request.headers.get("content-length");
  if (declared !== null && Number(declared) > maxBytes) throw tooLarge(maxBytes);
  reads.begin();
  const body = declared === null ? readStream(request, { maxBytes, scope }) : request.bytes();
  try {
    return await withinScope(body, scope);
  } catch (error) {
    if (error instanceof RealmgateError) throw error;
    if (reads.closed) throw broken("shutting_down");
    throw new RealmgateError("client_closed_request", "The body broke off", { cause: error });
  } finally {
    reads.end();
  }
}

/** What the body yields, unless the scope ends first. */
function withinScope(body: Promise<Uint8Array>, scope: Scope): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const stop = (end: ScopeEnd) => reject(broken(end));
    scope.onEnd(stop);
    body.then((bytes) => {
      scope.offEnd(stop);
      resolve(bytes);
    }, (error: unknown) => {
      scope.offEnd(stop);
      reject(error);
    });
  });
}

async function readStream(
  request: Request,
  options: { readonly maxBytes: number; readonly scope: Scope },
): Promise<Uint8Array> {
  const { maxBytes, scope } = options;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge(maxBytes);
    if (scope.ended !== undefined) throw broken(scope.ended);
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0] as Uint8Array : join(chunks, size);
}

function broken(end: ScopeEnd): RealmgateError {
  switch (end) {
    case "deadline_exceeded":
      return new RealmgateError("deadline_exceeded", "Cannot wait longer for the rest of the body");
    case "client_closed":
      return new RealmgateError("client_closed_request", "The client closed the connection");
    case "shutting_down":
      return new RealmgateError("shutting_down", "Cannot wait for the rest of the body");
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
