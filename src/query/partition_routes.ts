import { RealmgateError } from "../core/errors.ts";
import type { Scope } from "../core/scope.ts";
import { SqlError, type SqlValue } from "../drivers/mysql.ts";
import type { PartitionRule } from "../partitions/partition_rule.ts";
import { PartitionedTable } from "../partitions/partitioned_table.ts";
import { PartitionStrategy } from "../partitions/partition_strategy.ts";
import { quoteName } from "../partitions/sql_text.ts";
import { readServerTable, type SqlReader } from "../partitions/table_reader.ts";
import type { ConnectionPool } from "../pool/connection_pool.ts";
import { InterruptedError } from "../pool/interrupted_error.ts";
import { comparedColumns, tablesOf } from "./compared_columns.ts";
import type { Bound, CompiledStatement } from "./compiled_statement.ts";
import { explainPartitions, type TouchedPartitions } from "./explain_partitions.ts";
import { scanSql, type SqlToken } from "./sql_scanner.ts";

/** Which partitions of one declared table a call would touch. */
export interface PartitionRoute {
  readonly table: string;
  /** In the table's order; `null` where it cannot be told. */
  readonly partitions: readonly string[] | null;
  /** How many the table has; `null` where it cannot be told. */
  readonly of: number | null;
  readonly why: string;
}

/** What routes are told by. */
export interface PartitionRoutesOptions {
  /** The declared tables by name. */
  readonly rules: ReadonlyMap<string, PartitionRule>;
  readonly poolOf: (node: string) => ConnectionPool;
}

/** What is asked for. */
export interface PartitionCall {
  readonly compiled: CompiledStatement;
  readonly bound: Bound;
  /** The database that would answer; `null` where there is none. */
  readonly node: string | null;
  readonly scope: Scope;
}

/**
 * Tells which partitions of the declared tables a call would touch. The servers decide that when they
 * plan a statement, so they are asked: EXPLAIN tells it of reads, updates and deletes. It tells nothing
 * of inserts, whose partition is computed from the value for the partition's column, or, where only
 * the server can compute it, asked for as that of a read for the same value.
 */
export class PartitionRoutes {
  readonly #options: PartitionRoutesOptions;

  constructor(options: PartitionRoutesOptions) {
    this.#options = options;
  }

  /** Nothing is sent where the statement names no declared table. It does not fail where no
   * database can tell. */
  async route(call: PartitionCall): Promise<PartitionRoute[]> {
    const { rules, poolOf } = this.#options;
    const { compiled: { statement }, node, scope } = call;
    const { tokens } = scanSql(statement.sql);
    const names = new Set(tablesOf(tokens).map(({ table }) => table));
    const declared = [...rules].filter(([table]) => names.has(table));
    const unknown = (why: string) =>
      declared.map(([table]) => ({ table, partitions: null, of: null, why }));
    if (declared.length === 0) return [];
    if (node === null) return unknown("no database can be asked now");
    try {
      const connection = await poolOf(node).acquire({ scope, label: "partitions of a route" });
      try {
        const reader: SqlReader = {
          execute: (sql, values) => connection.execute(sql, values, { scope }),
        };
        const touched = await explainPartitions(reader, call.bound);
        const routes: PartitionRoute[] = [];
        for (const [table, rule] of declared) {
          routes.push(await routeOf(reader, { ...call, table, rule, tokens, touched }));
        }
        return routes;
      } finally {
        poolOf(node).release(connection);
      }
    } catch (error) {
      const passing = error instanceof SqlError || error instanceof RealmgateError ||
        error instanceof InterruptedError;
      if (!passing) throw error;
      return unknown("the database could not tell");
    }
  }
}

async function routeOf(
  reader: SqlReader,
  call: PartitionCall & {
    readonly table: string;
    readonly rule: PartitionRule;
    readonly tokens: readonly SqlToken[];
    readonly touched: TouchedPartitions;
  },
): Promise<PartitionRoute> {
  const { table, rule, tokens, touched } = call;
  const server = await readServerTable(reader, { table, column: rule.column });
  if (server === undefined) {
    return { table, partitions: null, of: null, why: "the database has no such table" };
  }
  const of = server.partitions.length;
  const aliases = tablesOf(tokens).filter((named) => named.table === table);
  const read = new Set(aliases.flatMap(({ alias }) => touched.get(alias) ?? []));
  if (read.size > 0) {
    const partitions = server.partitions.map(({ name }) => name).filter((name) => read.has(name));
    return { table, partitions, of, why: "as the database plans the call" };
  }
  const value = valueFor(rule.column, call);
  if (value === undefined) {
    return {
      table,
      partitions: null,
      of,
      why: `the call has no parameter that tells what ${rule.column} is`,
    };
  }
  const located = new PartitionStrategy(new PartitionedTable(table, rule, server)).locate(
    value.bound,
  );
  if (located !== "ask") {
    const { partition } = located;
    return partition === null
      ? { table, partitions: [], of, why: `no partition takes its ${rule.column}` }
      : { table, partitions: [partition], of, why: `where its ${rule.column} belongs` };
  }
  const found = await explainPartitions(reader, {
    sql: `SELECT 1 FROM ${quoteName(table)} USE INDEX () ` +
      `WHERE ${quoteName(rule.column)} <=> ${value.placeholder}`,
    values: [value.bound],
  });
  return {
    table,
    partitions: found.get(table) ?? [],
    of,
    why: `where the database looks for its ${rule.column}`,
  };
}

/** Without what an update sets: that says nothing of where its row is. */
function soughtIn(tokens: readonly SqlToken[]): readonly SqlToken[] {
  const at = (word: string) =>
    tokens.findIndex(({ kind, upper, depth }) => kind === "word" && upper === word && depth === 0);
  if (tokens[0]?.upper === "UPDATE") return at("WHERE") < 0 ? [] : tokens.slice(at("WHERE"));
  return at("DUPLICATE") < 0 ? tokens : tokens.slice(0, at("DUPLICATE"));
}

/** What a call gives the parameter that stands against a column; `undefined` where none does. */
function valueFor(
  column: string,
  { compiled, bound, tokens }: Pick<PartitionCall, "compiled" | "bound"> & {
    readonly tokens: readonly SqlToken[];
  },
): { readonly bound: SqlValue; readonly placeholder: string } | undefined {
  const { pieces, params } = compiled.statement;
  const places = pieces.flatMap((piece) => "param" in piece ? [piece.param] : []);
  // A list takes several places.
  if (places.length !== bound.values.length) return undefined;
  const against = comparedColumns(soughtIn(tokens)).find((compared) =>
    compared.column.toLowerCase() === column.toLowerCase()
  );
  const place = places.findIndex((param) => param === against?.param);
  if (place < 0) return undefined;
  const kind = params.find(({ name }) => name === against?.param)?.type.kind;
  const cast = kind === "ubigint"
    ? "UNSIGNED"
    : kind === "bigint" || kind === "int"
    ? "SIGNED"
    : "";
  return {
    bound: bound.values[place] ?? null,
    placeholder: cast === "" ? "?" : `CAST(? AS ${cast})`,
  };
}
