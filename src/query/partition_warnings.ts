import { type MysqlSession, SqlError } from "../drivers/mysql.ts";
import type { PartitionRule } from "../partitions/partition_rule.ts";
import { PartitionedTable } from "../partitions/partitioned_table.ts";
import { readServerTable } from "../partitions/table_reader.ts";
import { tablesOf } from "./compared_columns.ts";
import type { Bound } from "./compiled_statement.ts";
import { explainPartitions } from "./explain_partitions.ts";
import type { SqlToken } from "./sql_scanner.ts";
import type { Statement } from "./statement.ts";

/** What a statement is judged by. */
export interface PartitionWarningOptions {
  readonly statement: Pick<Statement, "params">;
  readonly tokens: readonly SqlToken[];
  /** The declared tables by name. */
  readonly partitioned: ReadonlyMap<string, PartitionRule>;
  /** The statement for the examples, or with other values for parameters; `undefined` if refused. */
  readonly sample: (values?: ReadonlyMap<string, unknown>) => Bound | undefined;
}

/**
 * Warns of each declared table that a statement reads with all of its partitions, whatever it is
 * called with. A range by time may be read whole for the examples alone: there three more are tried,
 * with all times in the first partition, in the last one that ends, and behind that.
 *
 * @throws {SqlError} where the session is lost
 */
export async function partitionWarnings(
  session: MysqlSession,
  options: PartitionWarningOptions,
): Promise<string[]> {
  const { tokens, partitioned } = options;
  const warnings: string[] = [];
  for (const [name, rule] of partitioned) {
    const aliases = tablesOf(tokens).filter(({ table }) => table === name);
    if (aliases.length === 0) continue;
    try {
      const server = await readServerTable(session, { table: name, column: rule.column });
      if (server === undefined || server.partitions.length < 2) continue;
      const all = server.partitions.length;
      let whole = true;
      for (const values of trials(new PartitionedTable(name, rule, server), options.statement)) {
        const bound = options.sample(values);
        if (bound === undefined) continue;
        const touched = await explainPartitions(session, bound);
        whole &&= aliases.some(({ alias }) => touched.get(alias)?.length === all);
      }
      if (whole) warnings.push(warningOf(name, rule, all));
    } catch (error) {
      if (!(error instanceof SqlError && error.kind === "server")) throw error;
    }
  }
  return warnings;
}

function warningOf(name: string, { by, column }: PartitionRule, all: number): string {
  const how = by === "range" ? "a time, or a range of them" : "a value";
  return `reads all ${all} partitions of ${name}: compare ${column} with ${how}`;
}

/** Values to explain it with, beside its own examples. */
function trials(
  table: PartitionedTable,
  { params }: Pick<Statement, "params">,
): (ReadonlyMap<string, unknown> | undefined)[] {
  const ends = table.ranges.map(({ until }) => until).filter(Number.isFinite);
  const times = params.filter(({ type }) => type.kind === "datetime" || type.kind === "date");
  if (times.length === 0) return [undefined];
  const [first, last] = [ends.at(0), ends.at(-1)];
  if (first === undefined || last === undefined) return [undefined];
  return [
    undefined,
    ...[first - 1_000, last - 1_000, last].map((ms) => {
      const iso = new Date(ms).toISOString();
      return new Map(
        times.map(({ name, type }) => [name, type.kind === "date" ? iso.slice(0, 10) : iso]),
      );
    }),
  ];
}
