import type { CompiledStatement } from "../compiled_statement.ts";
import type { EncodeOptions } from "../row_encoder.ts";
import type { Merged } from "./scatter_plan.ts";

/** The body of a merged answer, as JSON text. */
export function encodeMerged(
  compiled: CompiledStatement,
  answer: { readonly merged: Merged; readonly missing: readonly string[] },
  options: EncodeOptions,
): string {
  const { merged: { rows, next, missingKeys }, missing } = answer;
  const { statement } = compiled;
  const texts = rows.map(({ columns, row }) => compiled.writer(columns, options)(row));
  let body = `{"data":${statement.kind === "one" ? texts[0] ?? "null" : `[${texts.join()}]`}`;
  if (next !== undefined) body += `,"next":${JSON.stringify(next)}`;
  if (missing.length > 0) body += `,"missing":${JSON.stringify([...missing].sort())}`;
  if (missingKeys !== undefined) {
    body += `,"missingKeys":[${missingKeys.map(keyWriter(statement, options)).join()}]`;
  }
  return body + "}";
}

/** Keys are written as columns of their type are. */
function keyWriter(
  { shard, params }: CompiledStatement["statement"],
  { int64 }: EncodeOptions,
): (key: string) => string {
  const type = params.find(({ name }) => shard.by === "each" && name === shard.param)?.type;
  const kind = type?.kind === "array" ? type.of.kind : undefined;
  const digits = kind === "int" ||
    (int64 === "number" && (kind === "bigint" || kind === "ubigint"));
  return digits ? (key) => key : (key) => JSON.stringify(key);
}
