import { codecOf } from "./param_codec.ts";
import { Refusal } from "./scalar_codec.ts";
import type { ScalarType, ValueLimits } from "./statement.ts";
import { didYouMean } from "./suggest.ts";
import { splitOption } from "./words.ts";

/** The options that concern each single value; a column of `rows(…)` has them too. */
export const LIMIT_OPTIONS = ["min", "max", "maxlen", "enum"] as const;

const ORDERED = new Set(["bigint", "ubigint", "int", "decimal", "double", "datetime", "date"]);
const SIZED = new Set(["string", "bytes", "json"]);
const LISTED = new Set(["string", "bigint", "ubigint", "int"]);
const LONGEST = 16_777_215;

/** The options of a parameter or a column, as they were written. */
export interface OptionWords<Name extends string> {
  readonly options: { readonly [name in Name]?: string };
  readonly secret: boolean;
}

/**
 * Reads words such as `min=1`, and `secret` where it is allowed.
 *
 * @param known.names the options that there are
 */
export function readOptions<const Name extends string>(
  words: readonly string[],
  known: { readonly names: readonly Name[]; readonly secret: boolean },
  fault: (message: string) => void,
): OptionWords<Name> {
  const options: { [name in Name]?: string } = {};
  let secret = false;
  for (const word of words) {
    const [key, value] = splitOption(word) ?? [word, undefined];
    const name = known.names.find((option) => option === key);
    if (word === "secret" && known.secret) secret = true;
    else if (name === undefined || value === undefined) {
      const all = known.secret ? [...known.names, "secret"] : known.names;
      fault(`has an unknown option "${word}"${didYouMean(key, all)}`);
    } else if (options[name] !== undefined) fault(`gives ${name}= twice`);
    else options[name] = value;
  }
  return { options, secret };
}

/** The limits that options set to values of a type; those that make no sense are left out. */
export function readLimits(
  type: ScalarType,
  options: { readonly [name in typeof LIMIT_OPTIONS[number]]?: string },
  fault: (message: string) => void,
): ValueLimits {
  const limits: { -readonly [key in keyof ValueLimits]: ValueLimits[key] } = {};
  const plain = codecOf(type);
  for (const key of ["min", "max"] as const) {
    const text = options[key];
    if (text === undefined) continue;
    if (!ORDERED.has(type.kind)) fault(`is ${type.kind}, which has no ${key}=`);
    else if (plain.fromText(text) instanceof Refusal) fault(`has a bad ${key}= "${text}"`);
    else limits[key] = text;
  }
  const { min, max } = limits;
  if (
    min !== undefined && max !== undefined &&
    codecOf(type, { max }).fromText(min) instanceof Refusal
  ) {
    fault(`has min=${min} greater than max=${max}`);
    delete limits.min;
  }
  if (options.maxlen !== undefined) {
    const length = Number(options.maxlen);
    if (!SIZED.has(type.kind)) fault(`is ${type.kind}, which has no maxlen=`);
    else if (!(Number.isInteger(length) && length >= 1 && length <= LONGEST)) {
      fault(`must have maxlen= from 1 to ${LONGEST}, received "${options.maxlen}"`);
    } else limits.maxLength = length;
  }
  if (options.enum !== undefined) {
    const values = options.enum.split(",").map((value) => value.trim());
    const codec = codecOf(type, limits);
    const bad = values.find((value) => codec.fromText(value) instanceof Refusal);
    if (!LISTED.has(type.kind)) fault(`is ${type.kind}, which has no enum=`);
    else if (bad !== undefined) fault(`has a bad value "${bad}" in enum=`);
    else limits.enum = values;
  }
  return limits;
}
