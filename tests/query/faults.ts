import { parseStatements } from "../../src/query/parse_statements.ts";
import type { StatementRules } from "../../src/query/statement_rules.ts";
import { rules } from "./rules.ts";

/** A statement file's text, what is wrong with it, and the faults that must be reported. */
export type FaultCase = readonly [when: string, text: string, expected: readonly string[]];

/** Every fault of one file, as `file:line message`. */
export function faultsOf(text: string, options: Partial<StatementRules> = {}): string[] {
  const { faults } = parseStatements([{ file: "a.sql", text }], { ...rules, ...options });
  return faults.map(({ file, line, message }) => `${file}:${line} ${message}`);
}

/** A good read whose header and SQL a test may add to. */
export function read(
  header: string,
  sql = "SELECT id FROM t WHERE id = :id",
  kind = "one",
): string {
  return `-- name: t.get :${kind}\n-- @shard :id\n-- @param id bigint\n${header}${sql};`;
}

/** A good write likewise. */
export function write(header: string, sql = "UPDATE t SET a = 1 WHERE id = :id"): string {
  return read(header, sql, "exec");
}
