import type { BoundParam } from "./bound_param.ts";
import { BoundRows } from "./bound_rows.ts";

/** What stands in the SQL for one value, by parameter and by `rows.column`. */
export function placeholdersOf(
  params: readonly (BoundParam | BoundRows)[],
): ReadonlyMap<string, string> {
  const placeholders = new Map<string, string>();
  for (const param of params) {
    if (!(param instanceof BoundRows)) placeholders.set(param.name, param.codec.placeholder);
    else {
      param.columns.forEach((column, at) =>
        placeholders.set(`${param.name}.${column}`, param.placeholders[at] ?? "?")
      );
    }
  }
  return placeholders;
}
