import type { CompiledStatement } from "../../src/query/compiled_statement.ts";
import { QueryOptimizer, type RegistryRules } from "../../src/query/query_optimizer.ts";
import { ManualClock } from "../support/manual_clock.ts";

/** What the statements of these tests are held against. */
export const rules: RegistryRules = {
  shards: ["s1", "s2"],
  caches: ["players", "guilds"],
  strict: false,
  maxTimeoutMs: 30_000,
  clock: new ManualClock(),
};

/** The only statement of a file's text, compiled. */
export function compile(text: string, options: Partial<RegistryRules> = {}): CompiledStatement {
  const optimizer = new QueryOptimizer({ ...rules, ...options });
  optimizer.load([{ file: "test.sql", text }]);
  const [compiled] = optimizer.list();
  if (compiled === undefined) throw new Error("Cannot compile: the text holds no statement");
  return compiled;
}

/** A statement whose only parameters are `declarations`, such as `p bigint min=1`. */
export function withParams(...declarations: readonly string[]): CompiledStatement {
  const lines = declarations.map((declaration) => `-- @param ${declaration}\n`);
  const places = declarations.map((declaration) => {
    const [name = "", type = ""] = declaration.split(" ");
    return type.endsWith("[]") ? `c_${name} IN (:${name})` : `c_${name} = :${name}`;
  });
  return compile(
    `-- name: t.t :many\n-- @shard s1\n${lines.join("")}SELECT 1 FROM t WHERE ${
      places.join(" AND ")
    }`,
  );
}
