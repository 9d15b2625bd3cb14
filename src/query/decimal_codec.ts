import { EXACT_DIGITS, isRaw } from "./exact_json.ts";
import { type BoundTexts, describeBounds, Refusal, type ScalarCodec } from "./scalar_codec.ts";

const FORM = /^(-?)(0|[1-9]\d{0,64})(?:\.(\d{1,64}))?$/;
/** MySQL's most digits after the point. */
const MAX_SCALE = 30;

/**
 * `decimal(p,s)`: decimal digits, never rounded. Digits past the scale are refused unless they
 * are zeros, which are dropped: `1.50` and `1.5` are one value. JSON numbers of at most 15 digits
 * are accepted; whatever is longer must be a string.
 */
export class DecimalCodec implements ScalarCodec {
  readonly placeholder: string;
  readonly #wholeDigits: number;
  readonly #scale: number;
  readonly #min: bigint | undefined;
  readonly #max: bigint | undefined;
  readonly #refusal: Refusal;

  constructor(
    type: { readonly precision: number; readonly scale: number },
    bounds: BoundTexts = {},
  ) {
    const { precision, scale } = type;
    this.placeholder = `CAST(? AS DECIMAL(${precision},${scale}))`;
    this.#wholeDigits = precision - scale;
    this.#scale = scale;
    this.#min = bounds.min === undefined ? undefined : scaled(bounds.min);
    this.#max = bounds.max === undefined ? undefined : scaled(bounds.max);
    this.#refusal = new Refusal(
      `must be a decimal number${describeBounds(bounds)} with at most ${this.#wholeDigits} ` +
        `digits before the point and ${scale} after it`,
    );
  }

  fromText(text: string): string | Refusal {
    const [, sign, whole = "", fraction = ""] = FORM.exec(text) ?? [];
    if (sign === undefined) return this.#refusal;
    const digits = fraction.replace(/0+$/, "");
    if (digits.length > this.#scale) return this.#refusal;
    if (whole !== "0" && whole.length > this.#wholeDigits) return this.#refusal;
    const size = digits === "" ? whole : `${whole}.${digits}`;
    const canonical = size === "0" ? "0" : sign + size;
    if (this.#min !== undefined && scaled(canonical) < this.#min) return this.#refusal;
    if (this.#max !== undefined && scaled(canonical) > this.#max) return this.#refusal;
    return canonical;
  }

  fromJson(value: unknown): string | Refusal {
    if (typeof value === "string") return this.fromText(value);
    if (typeof value !== "number" && !isRaw(value)) return this.#refusal;
    const text = isRaw(value) ? value.rawJSON : String(value);
    if (/[eE]/.test(text)) return this.#refusal;
    return text.replace(/^-?0?\.?|\./g, "").length <= EXACT_DIGITS
      ? this.fromText(text)
      : new Refusal(`must be sent as a string, for it has more than ${EXACT_DIGITS} digits`);
  }
}

/** A decimal text times 10^30, so that texts compare by value. */
function scaled(text: string): bigint {
  const [whole = "", fraction = ""] = text.split(".");
  return BigInt(whole + fraction.slice(0, MAX_SCALE).padEnd(MAX_SCALE, "0"));
}
