import { MOST_LIST_VALUES } from "../../query/bound_param.ts";
import { DEFAULT_MAX_LENGTH } from "../../query/text_codec.ts";
import type { ParamSpec, ParamType } from "../../query/statement.ts";
import {
  bigintSchema,
  jsonOf,
  nullable,
  type Place,
  sampleOf,
  scalarSchema,
  type Schema,
} from "./scalar_schema.ts";

/** The schema of a parameter with all its limits. */
export function paramSchema(spec: ParamSpec, place: Place): Schema {
  const { type, default: fallback } = spec;
  const limited = type.kind === "array" || type.kind === "rows"
    ? listSchema(type, spec, place)
    : { ...scalarSchema(type, place), ...limits(spec, place) };
  // An address has no null, and what is secret is shown nowhere.
  const shown = fallback?.kind === "value" && !spec.secret &&
    (fallback.value !== null || place === "body");
  return shown ? { ...limited, default: valueOf(type, fallback.value) } : limited;
}

/** The same for a body, where most parameters may be `null`. */
export function bodyParamSchema(spec: ParamSpec, options: { readonly nullable: boolean }): Schema {
  const schema = paramSchema(spec, "body");
  const text = describeParam(spec);
  return {
    ...(text === "" ? {} : { description: text }),
    ...(options.nullable ? nullable(schema) : schema),
    ...(spec.secret ? { writeOnly: true } : {}),
  };
}

/** A value that the parameter takes: its `example=`, its default, or one of its type; no secret. */
export function paramExample(spec: ParamSpec): unknown {
  const { type, secret, example, default: fallback } = spec;
  if (example !== undefined && !secret) return valueOf(type, example);
  if (fallback?.kind === "value" && fallback.value !== null && !secret) {
    return valueOf(type, fallback.value);
  }
  if (type.kind === "rows") {
    return [Object.fromEntries(type.columns.map((column) => [column.name, sampleOf(column.type)]))];
  }
  const scalar = type.kind === "array" ? type.of : type;
  const text = spec.enum?.[0] ?? spec.min ?? spec.max;
  const value = text === undefined ? shorten(sampleOf(scalar), spec) : jsonOf(scalar, text);
  return type.kind === "array" ? [value] : value;
}

/** What a schema cannot say of a parameter, in words. */
export function describeParam(spec: ParamSpec): string {
  const { type, min, max, default: fallback } = spec;
  const parts: string[] = [];
  const numeric = type.kind === "int" || type.kind === "double";
  if (!numeric && min !== undefined && max !== undefined) parts.push(`From ${min} to ${max}.`);
  else if (!numeric && min !== undefined) parts.push(`At least ${min}.`);
  else if (!numeric && max !== undefined) parts.push(`At most ${max}.`);
  if (type.kind === "bytes" && spec.maxLength !== undefined) {
    parts.push(`At most ${spec.maxLength} bytes.`);
  }
  if (fallback?.kind === "now") parts.push("Default: the time of the call.");
  if (fallback?.kind === "id") parts.push("Default: a new id, unique across shards.");
  if (spec.secret) parts.push("Secret: never in an address or a log.");
  return parts.join(" ");
}

function listSchema(
  type: Extract<ParamType, { readonly kind: "array" | "rows" }>,
  spec: ParamSpec,
  place: Place,
): Schema {
  if (type.kind === "array") {
    return {
      type: "array",
      maxItems: MOST_LIST_VALUES,
      items: { ...scalarSchema(type.of, place), ...limits(spec, place) },
    };
  }
  const { columns, max } = type;
  return {
    type: "array",
    maxItems: max,
    items: {
      type: "object",
      required: columns.map(({ name }) => name),
      properties: Object.fromEntries(
        columns.map((column) => [column.name, scalarSchema(column.type, place)]),
      ),
      additionalProperties: false,
    },
  };
}

function limits(spec: ParamSpec, place: Place): Schema {
  const { min, max, maxLength = DEFAULT_MAX_LENGTH } = spec;
  const type = spec.type.kind === "array" ? spec.type.of : spec.type;
  const result: Record<string, unknown> = {};
  if (type.kind === "rows") return result;
  if (type.kind === "int" || type.kind === "double") {
    if (min !== undefined) result["minimum"] = Number(min);
    if (max !== undefined) result["maximum"] = Number(max);
  }
  if (type.kind === "bigint" && min !== undefined && !min.startsWith("-")) {
    Object.assign(result, bigintSchema({ natural: true }));
  }
  if (type.kind === "string") result["maxLength"] = maxLength;
  if (type.kind === "bytes" && place === "body") result["maxLength"] = Math.ceil(maxLength / 3) * 4;
  if (spec.enum !== undefined) result["enum"] = spec.enum.map((text) => jsonOf(type, text));
  return result;
}

/** The JSON form of a value that stands as text (`example=`) or as JSON (`default=`). */
function valueOf(type: ParamType, value: unknown): unknown {
  if (value === null) return null;
  if (type.kind === "rows") {
    return typeof value === "string" ? jsonOf({ kind: "json" }, value) : value;
  }
  if (type.kind === "array") {
    const items = typeof value === "string" ? value.split(",") : value;
    return Array.isArray(items) ? items.map((item) => valueOf(type.of, item)) : [];
  }
  if (typeof value === "string") return jsonOf(type, value);
  return typeof value === "number" ? jsonOf(type, String(value)) : value;
}

function shorten(value: unknown, spec: ParamSpec): unknown {
  return typeof value === "string" && spec.type.kind === "string"
    ? value.slice(0, spec.maxLength)
    : value;
}
