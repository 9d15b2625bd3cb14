import { plainNumber } from "./exact_json.ts";
import { type BoundTexts, describeBounds, Refusal, type ScalarCodec } from "./scalar_codec.ts";

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** Finite binary floating-point numbers, in the form of JSON. */
export class DoubleCodec implements ScalarCodec {
  readonly placeholder = "?";
  readonly #min: number;
  readonly #max: number;
  readonly #refusal: Refusal;

  constructor(bounds: BoundTexts = {}) {
    this.#min = Number(bounds.min ?? -Infinity);
    this.#max = Number(bounds.max ?? Infinity);
    this.#refusal = new Refusal(`must be a finite number${describeBounds(bounds)}`);
  }

  fromText(text: string): number | Refusal {
    return NUMBER.test(text) ? this.#check(Number(text)) : this.#refusal;
  }

  fromJson(value: unknown): number | Refusal {
    if (typeof value === "string") return this.fromText(value);
    const number = plainNumber(value);
    return typeof number === "number" ? this.#check(number) : this.#refusal;
  }

  #check(value: number): number | Refusal {
    return Number.isFinite(value) && value >= this.#min && value <= this.#max
      ? value + 0
      : this.#refusal;
  }
}

/** `true` and `false`; in an address `1` and `0` as well. */
export class BoolCodec implements ScalarCodec {
  readonly placeholder = "CAST(? AS SIGNED)";

  fromText(text: string): string | Refusal {
    if (text === "true" || text === "1") return "1";
    if (text === "false" || text === "0") return "0";
    return new Refusal("must be true or false");
  }

  fromJson(value: unknown): string | Refusal {
    return typeof value === "boolean" ? (value ? "1" : "0") : new Refusal("must be true or false");
  }
}
