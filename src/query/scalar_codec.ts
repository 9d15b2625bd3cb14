import type { SqlValue } from "../drivers/mysql.ts";

/** Why a value is refused: a rule such as `must be a whole number`, without the value. */
export class Refusal {
  /**
   * @param rule a sentence's end that begins with a verb
   * @param part what of the value is refused @default {all of it}
   */
  constructor(readonly rule: string, readonly part?: { readonly received: unknown }) {}
}

/**
 * Checks the values of one scalar type and brings each into the one form that is bound, hashed
 * and cached: two spellings of a value never bind differently.
 */
export interface ScalarCodec {
  /** What stands in the SQL for one value, such as `CAST(? AS SIGNED)`. */
  readonly placeholder: string;
  /** Reads the form of an address, or of a `default=` or `example=`. */
  fromText(text: string): SqlValue | Refusal;
  /** Reads the form of a JSON body; `null` is never given. */
  fromJson(value: unknown): SqlValue | Refusal;
}

/** The bounds of a codec as they were written in the statement file. */
export interface BoundTexts {
  readonly min?: string;
  readonly max?: string;
}

/** `from 1 to 5`, `at least 1`, `at most 5`, or nothing. */
export function describeBounds(bounds: BoundTexts): string {
  const { min, max } = bounds;
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  return max === undefined ? "" : ` of at most ${max}`;
}
