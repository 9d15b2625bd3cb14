import { Buffer } from "node:buffer";
import { parseExact } from "./exact_json.ts";
import { Refusal, type ScalarCodec } from "./scalar_codec.ts";

/** The most characters or bytes that a value may have where `maxlen=` does not say. */
export const DEFAULT_MAX_LENGTH = 65_535;

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const BASE64_URL = /^[A-Za-z0-9_-]*={0,2}$/;

/** Well-formed Unicode text of at most so many characters (code points, as MySQL counts). */
export class StringCodec implements ScalarCodec {
  readonly placeholder = "?";
  readonly #maxLength: number;

  constructor(maxLength: number = DEFAULT_MAX_LENGTH) {
    this.#maxLength = maxLength;
  }

  fromText(text: string): string | Refusal {
    if (text.length > this.#maxLength && longerThan(text, this.#maxLength)) {
      return new Refusal(`must have at most ${this.#maxLength} characters`);
    }
    return text.isWellFormed()
      ? text
      : new Refusal("must be well-formed Unicode, without halves of surrogate pairs");
  }

  fromJson(value: unknown): string | Refusal {
    return typeof value === "string" ? this.fromText(value) : new Refusal("must be a string");
  }
}

/** Bytes: base64 with its padding in JSON, base64url with or without it in an address. */
export class BytesCodec implements ScalarCodec {
  readonly placeholder = "?";
  readonly #maxLength: number;

  constructor(maxLength: number = DEFAULT_MAX_LENGTH) {
    this.#maxLength = maxLength;
  }

  fromText(text: string): Uint8Array | Refusal {
    const refusal = new Refusal("must be base64url");
    if (!BASE64_URL.test(text)) return refusal;
    const bare = text.replace(/={1,2}$/, "");
    const padded = bare.padEnd(Math.ceil(bare.length / 4) * 4, "=");
    return text === bare || text === padded ? this.#decode(padded, "base64url") : refusal;
  }

  fromJson(value: unknown): Uint8Array | Refusal {
    return typeof value === "string" && BASE64.test(value)
      ? this.#decode(value, "base64")
      : new Refusal("must be a string of base64");
  }

  #decode(text: string, alphabet: "base64" | "base64url"): Uint8Array | Refusal {
    let bytes: Uint8Array;
    try {
      bytes = Uint8Array.fromBase64(text, { alphabet, lastChunkHandling: "strict" });
    } catch {
      return new Refusal(`must be ${alphabet}`);
    }
    // A Buffer, for that is what the driver's text protocol knows how to write.
    return bytes.length <= this.#maxLength
      ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      : new Refusal(`must have at most ${this.#maxLength} bytes`);
  }
}

/** Any JSON value, bound as its text with all digits of its numbers; only a body can carry it. */
export class JsonCodec implements ScalarCodec {
  readonly placeholder = "?";
  readonly #maxLength: number;

  constructor(maxLength: number = DEFAULT_MAX_LENGTH) {
    this.#maxLength = maxLength;
  }

  /** Defaults and examples are JSON as it stands. */
  fromText(text: string): string | Refusal {
    try {
      return this.fromJson(parseExact(text));
    } catch {
      return new Refusal("must be JSON");
    }
  }

  fromJson(value: unknown): string | Refusal {
    const text = JSON.stringify(value);
    return text.length <= this.#maxLength || !longerThan(text, this.#maxLength)
      ? text
      : new Refusal(`must have at most ${this.#maxLength} characters as JSON`);
  }
}

function longerThan(text: string, characters: number): boolean {
  let count = 0;
  for (const _ of text) if (++count > characters) return true;
  return false;
}
