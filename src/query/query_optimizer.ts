import { isDeepStrictEqual } from "node:util";
import { type Clock, systemClock } from "../core/clock.ts";
import { CompiledStatement } from "./compiled_statement.ts";
import { parseStatements } from "./parse_statements.ts";
import type { Statement, StatementFacts, StatementFault, StatementSource } from "./statement.ts";
import type { StatementRules } from "./statement_rules.ts";

/** What statements are held against, and how strictly. */
export interface RegistryRules extends StatementRules {
  /** Whether what a server warns of makes a statement unavailable. */
  readonly strict: boolean;
  /** What `default=now()` reads. @default {systemClock} */
  readonly clock?: Clock;
}

/** Every fault of the statement files at once. */
export class StatementFaultsError extends Error {
  override readonly name = "StatementFaultsError";
  readonly faults: readonly StatementFault[];

  constructor(faults: readonly StatementFault[]) {
    const lines = faults.map(({ file, line, message }) => `  ${file}:${line}  ${message}`);
    super(`Cannot load the statements:\n${lines.join("\n")}`);
    this.faults = faults;
  }
}

/**
 * The registry of one isolate: the statements by name, compiled for speed, with what the servers
 * say of them.
 *
 * @example
 * ```ts
 * import { QueryOptimizer } from "./query_optimizer.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const optimizer = new QueryOptimizer({
 *   shards: ["s1", "s2"],
 *   caches: [],
 *   strict: false,
 *   maxTimeoutMs: 30_000,
 * });
 * const text = `-- name: player.get :one
 * -- @shard :playerId
 * -- @param playerId bigint
 * SELECT id, name FROM players WHERE id = :playerId;`;
 * optimizer.load([{ file: "player.sql", text }]);
 * assertEquals(optimizer.get("player.get")?.bindQuery("playerId=42"), {
 *   values: ["42"],
 *   sql: "SELECT id, name FROM players WHERE id = CAST(? AS SIGNED)",
 *   shardKey: "42",
 * });
 * ```
 */
export class QueryOptimizer {
  readonly #rules: RegistryRules;
  #statements: ReadonlyMap<string, CompiledStatement> = new Map();
  #version = 0;

  constructor(rules: RegistryRules) {
    this.#rules = rules;
  }

  /**
   * Replaces the registry by what the files say. A statement that reads as before keeps what the
   * servers said of it.
   *
   * @throws {StatementFaultsError} with every fault of every file; the registry is then unchanged
   */
  load(sources: readonly StatementSource[]): void {
    const { statements, faults } = parseStatements(sources, this.#rules);
    if (faults.length > 0) throw new StatementFaultsError(faults);
    const clock = this.#rules.clock ?? systemClock;
    const next = new Map<string, CompiledStatement>();
    for (const statement of statements) {
      const compiled = new CompiledStatement(statement, { clock });
      const before = this.#statements.get(statement.name);
      if (before?.facts !== undefined && readsAs(before.statement, statement)) {
        compiled.learn(before.facts);
      }
      next.set(statement.name, compiled);
    }
    this.#statements = next;
    this.#version++;
  }

  /** Grows whenever something in the registry may have changed. */
  get version(): number {
    return this.#version;
  }

  /** The statement of this name. */
  get(name: string): CompiledStatement | undefined {
    return this.#statements.get(name);
  }

  /** The longest that a write which drops tags may take, in milliseconds. */
  get longestTaggedWriteMs(): number {
    return this.list().reduce(
      (longest, { statement }) =>
        statement.invalidates.length > 0 ? Math.max(longest, statement.timeoutMs) : longest,
      0,
    );
  }

  /** Every statement, in the order of the files. */
  list(): readonly CompiledStatement[] {
    return [...this.#statements.values()];
  }

  /**
   * Takes over what the servers said, by statement; names it does not have are ignored. Statements
   * of which nothing was said stay as they are, and usable.
   *
   * Where the rules are strict, what is warned of when a statement is first checked makes it
   * unavailable; one that is served already stays so, for a plan that became worse is slow, and a
   * refusal an outage.
   */
  applyFacts(facts: Readonly<Record<string, StatementFacts>>): void {
    this.#version++;
    for (const [name, known] of Object.entries(facts)) {
      const [warning] = known.warnings;
      const compiled = this.#statements.get(name);
      const served = compiled?.facts !== undefined && compiled.unavailable === undefined;
      const refuse = this.#rules.strict && !served && warning !== undefined &&
        known.unavailable === undefined;
      compiled?.learn(
        refuse ? { ...known, unavailable: `strict mode refuses it: ${warning}` } : known,
      );
    }
  }
}

/** Whether the servers would say the same of both: they differ at most in where and how they are told of. */
function readsAs(one: Statement, other: Statement): boolean {
  const { file, line, description } = one;
  return isDeepStrictEqual(one, { ...other, file, line, description });
}
