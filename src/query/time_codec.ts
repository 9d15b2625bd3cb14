import { type BoundTexts, describeBounds, Refusal, type ScalarCodec } from "./scalar_codec.ts";

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const INSTANT =
  /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})$/;

/**
 * Instants as RFC 3339 writes them, with an offset, bound as UTC `YYYY-MM-DD HH:MM:SS.ffffff`.
 * Days that the calendar does not have, leap seconds and years before 1000 are refused, for no column
 * could hold them; digits beyond the microsecond, as C# and Go write them, are cut off.
 */
export class DatetimeCodec implements ScalarCodec {
  readonly placeholder = "?";
  readonly #min: string | undefined;
  readonly #max: string | undefined;
  readonly #refusal: Refusal;

  /** @param bounds in RFC 3339 */
  constructor(bounds: BoundTexts = {}) {
    this.#min = bounds.min === undefined ? undefined : readInstant(bounds.min);
    this.#max = bounds.max === undefined ? undefined : readInstant(bounds.max);
    this.#refusal = new Refusal(
      `must be an RFC 3339 time with an offset${describeBounds(bounds)}, such as ` +
        "2026-01-31T12:00:00.000Z",
    );
  }

  fromText(text: string): string | Refusal {
    const value = readInstant(text);
    if (value === undefined) {
      return text.length > 6 && text.at(-6) === " "
        ? new Refusal("must be an RFC 3339 time; in an address + is a space, so write %2B for it")
        : this.#refusal;
    }
    return within(value, this.#min, this.#max) ? value : this.#refusal;
  }

  fromJson(value: unknown): string | Refusal {
    return typeof value === "string" ? this.fromText(value) : this.#refusal;
  }
}

/** Days as `YYYY-MM-DD`. */
export class DateCodec implements ScalarCodec {
  readonly placeholder = "?";
  readonly #bounds: BoundTexts;
  readonly #refusal: Refusal;

  constructor(bounds: BoundTexts = {}) {
    this.#bounds = bounds;
    this.#refusal = new Refusal(`must be a day${describeBounds(bounds)}, such as 2026-01-31`);
  }

  fromText(text: string): string | Refusal {
    return isDay(text) && within(text, this.#bounds.min, this.#bounds.max) ? text : this.#refusal;
  }

  fromJson(value: unknown): string | Refusal {
    return typeof value === "string" ? this.fromText(value) : this.#refusal;
  }
}

/** Unix milliseconds as {@linkcode DatetimeCodec} binds them. */
export function sqlDatetime(wallMs: number): string {
  const iso = new Date(wallMs).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 23)}000`;
}

function within(value: string, min: string | undefined, max: string | undefined): boolean {
  return (min === undefined || value >= min) && (max === undefined || value <= max);
}

function isDay(text: string): boolean {
  const match = DATE.exec(text);
  if (match === null) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  return year >= 1000 && month >= 1 && month <= 12 && day >= 1 &&
    day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function readInstant(text: string): string | undefined {
  const match = INSTANT.exec(text);
  if (match === null) return undefined;
  const [, day = "", hour = "", minute = "", second = "", fraction = "", offset = ""] = match;
  if (!isDay(day) || hour > "23" || minute > "59" || second > "59") return undefined;
  const micros = fraction.padEnd(6, "0").slice(0, 6);
  if (offset === "Z" || offset === "z") return `${day} ${hour}:${minute}:${second}.${micros}`;
  if (offset.slice(1, 3) > "23" || offset.slice(4) > "59") return undefined;
  const shift = (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4))) * 60_000;
  const local = Date.parse(`${day}T${hour}:${minute}:${second}Z`);
  const utc = new Date(offset.startsWith("-") ? local + shift : local - shift);
  const year = utc.getUTCFullYear();
  return year < 1000 || year > 9999
    ? undefined
    : `${sqlDatetime(utc.getTime()).slice(0, 19)}.${micros}`;
}
