import { GREATEST_ID, LEAST_ID } from "./id_layout.ts";
import { codecOf } from "./param_codec.ts";
import { LIMIT_OPTIONS, readLimits, readOptions } from "./param_options.ts";
import { readParamType } from "./param_type.ts";
import { readRowsParam } from "./rows_annotation.ts";
import { Refusal } from "./scalar_codec.ts";
import type { ParamDefault, ParamSpec, ParamType, ValueLimits } from "./statement.ts";
import { splitWords } from "./words.ts";

const OPTIONS = [...LIMIT_OPTIONS, "default", "example"] as const;

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
  const rows = /^rows\((.*)\)$/s.exec(typeText);
  if (rows !== null) return readRowsParam(name, { columns: rows[1] ?? "", words });
  const type = readParamType(typeText);
  if (typeof type === "string") {
    return { faults: [`:${name}: ${type}`] };
  }
  const { options, secret } = readOptions(words, { names: OPTIONS, secret: true }, fault);
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
    if (type.kind !== "bigint" && type.kind !== "ubigint") {
      fault(`is ${type.kind}, which has no default=id()`);
      return {};
    }
    const codec = codecOf(type, reading.limits);
    if ([LEAST_ID, GREATEST_ID].some((id) => codec.fromText(id) instanceof Refusal)) {
      fault(`has limits that ids of default=id() break: they go up to ${GREATEST_ID}`);
    }
    return { default: { kind: "id" } };
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
