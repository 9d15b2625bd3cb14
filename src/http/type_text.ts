import type { ParamType } from "../query/statement.ts";

/** A parameter's type as it is written in a statement file. */
export function typeText(type: ParamType): string {
  switch (type.kind) {
    case "decimal":
      return `decimal(${type.precision},${type.scale})`;
    case "array":
      return `${typeText(type.of)}[]`;
    case "rows":
      return `rows(${type.columns.map((c) => `${c.name} ${typeText(c.type)}`).join(", ")})`;
    default:
      return type.kind;
  }
}
