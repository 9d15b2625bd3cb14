import { MOST_LIST_VALUES } from "../../query/bound_param.ts";
import { DEFAULT_MAX_LENGTH } from "../../query/text_codec.ts";
import type {
  ParamSpec,
  ParamType,
  RowsColumn,
  ScalarType,
  ValueLimits,
} from "../../query/statement.ts";
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
    : { ...scalarSchema(type, place), ...limitsOf(spec, { type, place }) };
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
    return [
      Object.fromEntries(type.columns.map((column) => [column.name, sample(column.type, column)])),
    ];
  }
  return type.kind === "array" ? [sample(type.of, spec)] : sample(type, spec);
}

function sample(type: ScalarType, limits: ValueLimits): unknown {
  const text = limits.enum?.[0] ?? limits.min ?? limits.max;
  if (text !== undefined) return jsonOf(type, text);
  const value = sampleOf(type);
  return typeof value === "string" && type.kind === "string"
    ? value.slice(0, limits.maxLength)
    : value;
}

/** What a schema cannot say of a parameter, in words. */
export function describeParam(spec: ParamSpec): string {
  const { type, default: fallback } = spec;
  const parts = type.kind === "rows" ? [] : describeLimits(type, spec);
  if (fallback?.kind === "now") parts.push("Default: the time of the call.");
  if (fallback?.kind === "id") {
    parts.push("Default: a new id, unique in the fleet, which the answer tells in `generated`.");
  }
  if (spec.secret) parts.push("Secret: never in an address or a log.");
  return parts.join(" ");
}

function describeLimits(type: ParamType, limits: ValueLimits): string[] {
  const { min, max } = limits;
  const parts: string[] = [];
  const numeric = type.kind === "int" || type.kind === "double";
  if (!numeric && min !== undefined && max !== undefined) parts.push(`From ${min} to ${max}.`);
  else if (!numeric && min !== undefined) parts.push(`At least ${min}.`);
  else if (!numeric && max !== undefined) parts.push(`At most ${max}.`);
  if (type.kind === "bytes" && limits.maxLength !== undefined) {
    parts.push(`At most ${limits.maxLength} bytes.`);
  }
  return parts;
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
      items: { ...scalarSchema(type.of, place), ...limitsOf(spec, { type: type.of, place }) },
    };
  }
  const { columns, max } = type;
  return {
    type: "array",
    minItems: 1,
    maxItems: max,
    items: {
      type: "object",
      required: columns.map(({ name }) => name),
      properties: Object.fromEntries(
        columns.map((column) => [column.name, columnSchema(column)]),
      ),
      additionalProperties: false,
    },
  };
}

/** A value of a column: any may be `null`, as most parameters may. */
function columnSchema(column: RowsColumn): Schema {
  const { type } = column;
  const text = describeLimits(type, column).join(" ");
  const schema = { ...scalarSchema(type, "body"), ...limitsOf(column, { type, place: "body" }) };
  return { ...(text === "" ? {} : { description: text }), ...nullable(schema) };
}

function limitsOf(
  limits: ValueLimits,
  { type, place }: { readonly type: ScalarType; readonly place: Place },
): Schema {
  const { min, max, maxLength = DEFAULT_MAX_LENGTH } = limits;
  const result: Record<string, unknown> = {};
  if (type.kind === "int" || type.kind === "double") {
    if (min !== undefined) result["minimum"] = Number(min);
    if (max !== undefined) result["maximum"] = Number(max);
  }
  if (type.kind === "bigint" && min !== undefined && !min.startsWith("-")) {
    Object.assign(result, bigintSchema({ natural: true }));
  }
  if (type.kind === "string") result["maxLength"] = maxLength;
  if (type.kind === "bytes" && place === "body") result["maxLength"] = Math.ceil(maxLength / 3) * 4;
  if (limits.enum !== undefined) result["enum"] = limits.enum.map((text) => jsonOf(type, text));
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
