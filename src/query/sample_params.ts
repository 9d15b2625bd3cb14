import { jsonForm } from "./param_annotation.ts";
import type { RowsType, ScalarType, Statement, ValueLimits } from "./statement.ts";

/**
 * Parameters that a statement accepts, to prepare and explain it with: `found` where a row was
 * looked up, else its `example=`, else its default, else a value of its type within its bounds.
 */
export function sampleParams(
  statement: Pick<Statement, "params">,
  found: ReadonlyMap<string, unknown> = new Map(),
): Record<string, unknown> {
  const params = new Map<string, unknown>();
  for (const spec of statement.params) {
    const { name, type, example } = spec;
    const known = found.get(name);
    if (type.kind === "rows") params.set(name, [sampleRow(type)]);
    else if (known !== undefined) params.set(name, type.kind === "array" ? [known] : known);
    else if (example !== undefined) params.set(name, jsonForm(type, example));
    else if (spec.default === undefined || spec.default.kind === "id") {
      params.set(
        name,
        type.kind === "array" ? [sampleOf(type.of, spec)] : sampleOf(type, spec),
      );
    }
  }
  return Object.fromEntries(params);
}

function sampleRow(type: RowsType): Record<string, unknown> {
  return Object.fromEntries(
    type.columns.map((column) => [column.name, sampleOf(column.type, column)]),
  );
}

function sampleOf(type: ScalarType, spec: ValueLimits): unknown {
  const text = spec.enum?.[0] ?? spec.min ?? spec.max;
  if (text !== undefined) return jsonForm(type, text);
  switch (type.kind) {
    case "bigint":
    case "ubigint":
    case "int":
      return 1;
    case "decimal":
      return type.precision > type.scale ? "1" : "0";
    case "double":
      return 1;
    case "bool":
      return true;
    case "string":
      return "a";
    case "bytes":
      return "";
    case "datetime":
      return "2026-01-01T00:00:00Z";
    case "date":
      return "2026-01-01";
    case "json":
      return {};
  }
}
