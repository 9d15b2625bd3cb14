import type { Clock } from "../core/clock.ts";
import { RealmgateError } from "../core/errors.ts";
import { type MysqlSession, SqlError } from "../drivers/mysql.ts";
import type { PartitionRule } from "../partitions/partition_rule.ts";
import { describeColumn } from "./column_encoding.ts";
import { comparedColumns, tablesOf } from "./compared_columns.ts";
import type { Bound, CompiledStatement } from "./compiled_statement.ts";
import { type ExplainRow, judgePlan } from "./explained_plan.ts";
import { batchFault } from "./batch_check.ts";
import { collationFault } from "./key_collation.ts";
import { partitionWarnings } from "./partition_warnings.ts";
import { sampleParams } from "./sample_params.ts";
import { type ComparedSchema, findKeys, readSchema } from "./schema_lookup.ts";
import { describeRefusal } from "./server_refusal.ts";
import { scanSql } from "./sql_scanner.ts";
import type { ResultColumn, StatementFacts } from "./statement.ts";
import { didYouMean } from "./suggest.ts";

/**
 * Asks one server what only a server can say of a statement: its result columns (PREPARE), its
 * plan for a row that exists (EXPLAIN), and whether its shard's key compares as routing does.
 * Nothing is changed, and the statement itself is not run.
 *
 * What the server refuses is told in `unavailable`.
 *
 * @throws {SqlError} where the session is lost: then nothing is known of the statement
 */
export async function checkOnServer(
  session: MysqlSession,
  options: {
    readonly compiled: CompiledStatement;
    readonly clock: Clock;
    /** The partitioned tables that are declared. @default {none} */
    readonly partitioned?: ReadonlyMap<string, PartitionRule>;
  },
): Promise<StatementFacts> {
  const { compiled, clock, partitioned = new Map() } = options;
  const startedAt = clock.now();
  const facts = await serverErrorsAs(
    () => check(session, compiled, partitioned),
    (error): Omit<StatementFacts, "tookMs"> => ({
      columns: [],
      warnings: [],
      unavailable: describeRefusal(error),
    }),
  );
  return { ...facts, tookMs: clock.now() - startedAt };
}

async function check(
  session: MysqlSession,
  compiled: CompiledStatement,
  partitioned: ReadonlyMap<string, PartitionRule>,
): Promise<Omit<StatementFacts, "tookMs">> {
  const { statement } = compiled;
  if (statement.unsupported !== undefined) {
    if (statement.params.some(({ type }) => type.kind === "rows")) {
      return { columns: [], warnings: [] };
    }
    const sql = statement.pieces.map((piece) => "text" in piece ? piece.text : "?").join("");
    return { columns: await describe(session, compiled, sql), warnings: [] };
  }
  const sample = trySample(compiled);
  if (sample === undefined) {
    return { columns: [], warnings: ["needs example= on its parameters to be checked"] };
  }
  const columns = await describe(session, compiled, sample.sql);
  const { tokens } = scanSql(statement.sql);
  const schema = await serverErrorsAs(
    () => readSchema(session, { tables: tablesOf(tokens), columns: comparedColumns(tokens) }),
    (): ComparedSchema[] => [],
  );
  const explained = await explain(session, compiled, { sample, schema });
  const limited = tokens.some((token) => token.kind === "word" && token.upper === "LIMIT");
  const judged = judgePlan(explained, { limited });
  const unroutable = keyFault(compiled, schema);
  const unbatchable = batchFault(statement, schema);
  const unpruned = statement.allowFullScan ? [] : await partitionWarnings(session, {
    statement,
    tokens,
    partitioned,
    sample: (values) => trySample(compiled, values),
  });
  return {
    columns,
    warnings: [
      ...(statement.allowFullScan ? [] : judged.warnings),
      ...unpruned,
      ...columnWarnings(compiled, columns),
      ...keyWarnings(compiled, schema),
      ...(unbatchable === undefined ? [] : [`@batch is of no use: ${unbatchable}`]),
    ],
    ...(unbatchable === undefined ? {} : { unbatchable }),
    ...(unroutable === undefined ? {} : { unavailable: unroutable }),
    ...(judged.plan === undefined ? {} : { plan: judged.plan }),
    explain: explained,
  };
}

async function describe(
  session: MysqlSession,
  compiled: CompiledStatement,
  sql: string,
): Promise<readonly ResultColumn[]> {
  const { columns } = await session.describe(sql);
  const overrides = compiled.statement.columns;
  return columns.map((column) =>
    describeColumn(
      column,
      Object.hasOwn(overrides, column.name) ? overrides[column.name] : undefined,
    )
  );
}

/** EXPLAIN by the examples; where those name no row, by the keys of a row that is there. */
async function explain(
  session: MysqlSession,
  compiled: CompiledStatement,
  options: { readonly sample: Bound; readonly schema: readonly ComparedSchema[] },
): Promise<readonly ExplainRow[]> {
  const { sample, schema } = options;
  const run = (bound: Bound) =>
    serverErrorsAs(async () => {
      const result = await session.execute(`EXPLAIN ${bound.sql}`, bound.values);
      if (result.kind !== "rows") return [];
      const names = result.columns.map((column) => column.name);
      return result.rows.map((row) => Object.fromEntries(names.map((name, at) => [name, row[at]])));
    }, (): ExplainRow[] => []);
  const first = await run(sample);
  if (!judgePlan(first, { limited: false }).noSuchRow) return first;
  const keys = await serverErrorsAs(() => findKeys(session, schema), () => new Map());
  const found = keys.size === 0 ? undefined : trySample(compiled, keys);
  return found === undefined ? first : await run(found);
}

/** The statement bound to sample values; `undefined` where its own limits refuse them. */
function trySample(
  compiled: CompiledStatement,
  found?: ReadonlyMap<string, unknown>,
): Bound | undefined {
  try {
    return compiled.bindJson(sampleParams(compiled.statement, found));
  } catch (error) {
    if (error instanceof RealmgateError && error.code === "invalid_request") return undefined;
    throw error;
  }
}

function columnWarnings(compiled: CompiledStatement, columns: readonly ResultColumn[]): string[] {
  const names = columns.map((column) => column.name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  const unknown = Object.keys(compiled.statement.columns).filter((name) => !names.includes(name));
  return [
    ...(twice === undefined ? [] : [`two result columns are called ${twice}: give one an alias`]),
    ...unknown.map((name) => `@column ${name} is no result column${didYouMean(name, names)}`),
  ];
}

/** Why the shard's key could miss its rows. */
function keyFault(
  compiled: CompiledStatement,
  schema: readonly ComparedSchema[],
): string | undefined {
  const { shard } = compiled.statement;
  if (shard.by !== "key" || !isString(compiled, shard.param)) return undefined;
  for (const column of schema) {
    if (column.param !== shard.param) continue;
    const fault = collationFault(column, shard);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function keyWarnings(compiled: CompiledStatement, schema: readonly ComparedSchema[]): string[] {
  const { shard } = compiled.statement;
  const warnings: string[] = [];
  if (shard.by === "key" && isString(compiled, shard.param)) {
    if (!schema.some((column) => column.param === shard.param)) {
      warnings.push(`cannot find the column that :${shard.param} is compared with`);
    }
  }
  return warnings;
}

function isString(compiled: CompiledStatement, param: string): boolean {
  return compiled.statement.params.some(({ name, type }) =>
    name === param && type.kind === "string"
  );
}

/** Runs `task`; the server's own refusals become a value, everything else is thrown. */
async function serverErrorsAs<T>(
  task: () => Promise<T>,
  refused: (error: SqlError) => T,
): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (error instanceof SqlError && error.kind === "server") return refused(error);
    throw error;
  }
}
