import { codecOf, type ValueLimits } from "./param_codec.ts";
import { readParamType } from "./param_type.ts";
import { Refusal } from "./scalar_codec.ts";
import type { ParamDefault, ParamSpec, ParamType, ScalarType } from "./statement.ts";
import { didYouMean } from "./suggest.ts";
import { splitOption, splitWords } from "./words.ts";

const OPTIONS = ["min", "max", "maxlen", "enum", "default", "example"] as const;
type Options = { [name in typeof OPTIONS[number]]?: string };

const ORDERED = new Set(["bigint", "ubigint", "int", "decimal", "double", "datetime", "date"]);
const SIZED = new Set(["string", "bytes", "json"]);
const LISTED = new Set(["string", "bigint", "ubigint", "int"]);
const MOST_ROWS_PARAM = 1_000;
const LONGEST = 16_777_215;

/** Reads the text of a `@param` line: what it declares, and every fault of it. */
export function readParam(
  text: string,
): { readonly spec?: ParamSpec; readonly faults: readonly string[] } {
  const [name = "", typeText = "", ...words] = splitWords(text);
  if (!/^[A-Za-z_]\w*$/.test(name) || typeText === "") {
    return { faults: [`@param must be a name and a type, received "${text}"`] };
  }
  const faults: string[] = [];
  const fault = (message: string) => faults.push(`:${name} ${message}`);
  const type = readParamType(typeText);
  if (typeof type === "string") {
    return { faults: [`:${name}: ${type}`] };
  }
  const options: Options = {};
  let secret = false;
  for (const word of words) {
    const [key, value] = splitOption(word) ?? [word, undefined];
    const known = OPTIONS.find((option) => option === key);
    if (word === "secret") secret = true;
    else if (known === undefined || value === undefined) {
      fault(`has an unknown option "${word}"${didYouMean(key, [...OPTIONS, "secret"])}`);
    } else if (options[known] !== undefined) fault(`gives ${known}= twice`);
    else options[known] = value;
  }
  if (type.kind === "rows") return readRowsParam({ name, type, options, secret, faults });
  const scalar = type.kind === "array" ? type.of : type;
  const limits = readLimits(scalar, options, fault);
  return {
    faults,
    spec: {
      name,
      type,
      ...limits,
      ...readDefault(type, { text: options.default, limits, fault }),
      ...readExample(type, { text: options.example, limits, fault }),
      secret,
    },
  };
}

function readRowsParam(
  param: {
    readonly name: string;
    readonly type: Extract<ParamType, { kind: "rows" }>;
    readonly options: Options;
    readonly secret: boolean;
    readonly faults: string[];
  },
): { spec: ParamSpec; faults: readonly string[] } {
  const { name, type, options, secret, faults } = param;
  const max = Number(options.max ?? type.max);
  if (!(Number.isInteger(max) && max >= 1 && max <= MOST_ROWS_PARAM)) {
    faults.push(`:${name} must have max= from 1 to ${MOST_ROWS_PARAM}, received "${options.max}"`);
  }
  for (const option of OPTIONS) {
    if (option !== "max" && options[option] !== undefined) {
      faults.push(`:${name} is rows(…), which have no ${option}=`);
    }
  }
  return { faults, spec: { name, type: { ...type, max }, secret } };
}

function readLimits(
  type: ScalarType,
  options: Options,
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

interface Reading {
  readonly text: string | undefined;
  readonly limits: ValueLimits;
  readonly fault: (message: string) => void;
}

function readDefault(type: ParamType, reading: Reading): { default?: ParamDefault } {
  const { text, fault } = reading;
  if (text === undefined) return {};
  if (text === "now()") {
    if (type.kind === "datetime" || type.kind === "date") return { default: { kind: "now" } };
    fault(`is ${type.kind}, which has no default=now()`);
    return {};
  }
  if (text === "id()") {
    if (type.kind === "bigint" || type.kind === "ubigint") return { default: { kind: "id" } };
    fault(`is ${type.kind}, which has no default=id()`);
    return {};
  }
  if (text === "null" && type.kind !== "array") return { default: { kind: "value", value: null } };
  if (!check(type, { ...reading, text, option: "default" })) return {};
  return { default: { kind: "value", value: jsonForm(type, text) } };
}

function readExample(type: ParamType, reading: Reading): { example?: string } {
  const { text } = reading;
  if (text === undefined || !check(type, { ...reading, text, option: "example" })) return {};
  return { example: text };
}

function check(
  type: ParamType,
  reading: Reading & { readonly text: string; readonly option: string },
): boolean {
  if (type.kind === "rows") return false;
  const codec = codecOf(type.kind === "array" ? type.of : type, reading.limits);
  for (const text of type.kind === "array" ? listOf(reading.text) : [reading.text]) {
    const value = type.kind === "bytes" ? codec.fromJson(text) : codec.fromText(text);
    if (!(value instanceof Refusal)) continue;
    reading.fault(`has a bad ${reading.option}= "${text}": it ${value.rule}`);
    return false;
  }
  return true;
}

/** A text that was checked, as a JSON body would carry it. */
export function jsonForm(type: ParamType, text: string): unknown {
  switch (type.kind) {
    case "array":
      return listOf(text).map((item) => jsonForm(type.of, item));
    case "bool":
      return text === "true" || text === "1";
    case "int":
    case "double":
      return Number(text);
    case "json":
      return JSON.parse(text);
    default:
      return text;
  }
}

function listOf(text: string): string[] {
  return text === "" ? [] : text.split(",").map((item) => item.trim());
}
