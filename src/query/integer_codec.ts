import { plainNumber } from "./exact_json.ts";
import { type BoundTexts, Refusal, type ScalarCodec } from "./scalar_codec.ts";

const RANGES = {
  bigint: { min: -(2n ** 63n), max: 2n ** 63n - 1n },
  ubigint: { min: 0n, max: 2n ** 64n - 1n },
  int: { min: -(2n ** 31n), max: 2n ** 31n - 1n },
} as const;

const CANONICAL = /^(?:0|-?[1-9]\d{0,19})$/;
/** Texts up to this length are safe as JavaScript numbers. */
const SHORT = 15;

/**
 * Whole numbers, in canonical decimal digits only: `007`, `+5`, `-0`, `1e3` and ` 42` are refused,
 * so that a row has one spelling. JSON numbers must be safe integers; `4.0` is 4.
 */
export class IntegerCodec implements ScalarCodec {
  readonly placeholder: string;
  readonly #min: bigint;
  readonly #max: bigint;
  readonly #shortMin: number;
  readonly #shortMax: number;
  readonly #refusal: Refusal;

  /** @param bounds inclusive; the type's own where absent */
  constructor(kind: "bigint" | "ubigint" | "int", bounds: BoundTexts = {}) {
    const range = RANGES[kind];
    this.#min = bounds.min === undefined ? range.min : larger(BigInt(bounds.min), range.min);
    this.#max = bounds.max === undefined ? range.max : smaller(BigInt(bounds.max), range.max);
    this.#shortMin = Number(this.#min);
    this.#shortMax = Number(this.#max);
    this.#refusal = new Refusal(`must be a whole number from ${this.#min} to ${this.#max}`);
    this.placeholder = kind === "ubigint" ? "CAST(? AS UNSIGNED)" : "CAST(? AS SIGNED)";
  }

  fromText(text: string): string | Refusal {
    const length = text.length;
    if (length === 0 || length > SHORT) return this.#long(text);
    const negative = text.charCodeAt(0) === 45;
    const start = negative ? 1 : 0;
    if (text.charCodeAt(start) === 48 && length > 1) return this.#refusal;
    let value = 0;
    for (let at = start; at < length; at++) {
      const digit = text.charCodeAt(at) - 48;
      if (!(digit >= 0 && digit <= 9)) return this.#refusal;
      value = value * 10 + digit;
    }
    if (negative) {
      if (value === 0) return this.#refusal;
      value = -value;
    }
    return value >= this.#shortMin && value <= this.#shortMax ? text : this.#refusal;
  }

  fromJson(value: unknown): string | Refusal {
    if (typeof value === "string") return this.fromText(value);
    const number = plainNumber(value);
    if (typeof number !== "number" || !Number.isInteger(number)) return this.#refusal;
    if (Number.isSafeInteger(number)) return this.fromText(String(number));
    return new Refusal("must be sent as a string, for JSON numbers beyond 2^53 lose digits");
  }

  #long(text: string): string | Refusal {
    if (!CANONICAL.test(text)) return this.#refusal;
    const value = BigInt(text);
    return value >= this.#min && value <= this.#max ? text : this.#refusal;
  }
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
