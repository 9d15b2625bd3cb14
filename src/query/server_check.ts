import type { Clock } from "../core/clock.ts";
import { RealmgateError } from "../core/errors.ts";
import { type MysqlSession, SqlError } from "../drivers/mysql.ts";
import type { PartitionRule } from "../partitions/partition_rule.ts";
import { describeColumn } from "./column_encoding.ts";
import { comparedColumns, tablesOf } from "./compared_columns.ts";
import type { Bound, CompiledStatement } from "./compiled_statement.ts";
import { describePlan } from "./explained_plan.ts";
import { batchFault } from "./batch_check.ts";
import { groupFault, groupRefusal } from "./group_check.ts";
import { IndexAdvice } from "./index_advice.ts";
import { collationFault } from "./key_collation.ts";
import { partitionWarnings } from "./partition_warnings.ts";
import { findsNoRow, type PlanNode } from "./plan_node.ts";
import { readPlan } from "./plan_reader.ts";
import { planWarnings } from "./plan_warnings.ts";
import { scatterFault } from "./scatter/scatter_check.ts";
import { sampleParams } from "./sample_params.ts";
import { describeRefusal } from "./server_refusal.ts";
import { scanSql } from "./sql_scanner.ts";
import type { ResultColumn, ServerFacts, Statement } from "./statement.ts";
import { didYouMean } from "./suggest.ts";
import {
  type ComparedSchema,
  comparedSchema,
  findKeys,
  readTables,
  type TableSchema,
} from "./table_schema.ts";

const ER_VIEW_NO_EXPLAIN = 1345;
/** What mysql2 keeps from being a property of a row. */
const UNREADABLE: ReadonlySet<string> = new Set([
  "__defineGetter__",
  "__defineSetter__",
  "__lookupGetter__",
  "__lookupSetter__",
  "__proto__",
]);
/** What a statement is warned of whose plan the account may not see. */
const HIDDEN = "its plan cannot be seen: the account needs SHOW VIEW on the view that it reads";

/** The tables that statements name, as a server has them: looked up once for all that it checks. */
export async function schemaOf(
  session: MysqlSession,
  statements: readonly Pick<Statement, "sql">[],
): Promise<readonly TableSchema[]> {
  const named = statements.flatMap(({ sql }) => tablesOf(scanSql(sql).tokens));
  const names = [...new Set(named.map(({ table }) => table))];
  return await serverErrorsAs(() => readTables(session, names), (): readonly TableSchema[] => []);
}

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
    /** From {@linkcode schemaOf}, of the same server. */
    readonly schema: readonly TableSchema[];
    readonly clock: Clock;
    /** The partitioned tables that are declared. @default {none} */
    readonly partitioned?: ReadonlyMap<string, PartitionRule>;
  },
): Promise<ServerFacts> {
  const { compiled, schema, clock, partitioned = new Map() } = options;
  const startedAt = clock.now();
  const facts = await serverErrorsAs(
    () => check(session, { compiled, known: schema, partitioned }),
    (error): Omit<ServerFacts, "tookMs"> => ({
      columns: [],
      warnings: [],
      unavailable: describeRefusal(error),
      ungroupable: "it is not checked",
    }),
  );
  return { ...facts, tookMs: clock.now() - startedAt };
}

async function check(
  session: MysqlSession,
  options: {
    readonly compiled: CompiledStatement;
    readonly known: readonly TableSchema[];
    readonly partitioned: ReadonlyMap<string, PartitionRule>;
  },
): Promise<Omit<ServerFacts, "tookMs">> {
  const { compiled, known, partitioned } = options;
  const { statement } = compiled;
  const sample = trySample(compiled);
  if (sample === undefined) {
    return {
      columns: [],
      warnings: ["needs example= on its parameters to be checked"],
      ungroupable: "it is not checked",
    };
  }
  const columns = await describe(session, compiled, sample.sql);
  const { tokens } = scanSql(statement.sql);
  const schema = comparedSchema(known, {
    tables: tablesOf(tokens),
    columns: comparedColumns(tokens),
  });
  const explained = await explain(session, compiled, { sample, schema });
  const plan = explained === "hidden" ? undefined : explained;
  const unroutable = columnFault(columns) ?? keyFault(compiled, schema) ??
    await scatterFault(session, { compiled, columns, sample, known });
  const unbatchable = batchFault(statement, schema);
  const ungroupable = groupFault(statement, { system: session.system, columns, plan, known }) ??
    await groupRefusal(session, sample.sql);
  const unpruned = statement.allowFullScan ? [] : await partitionWarnings(session, {
    statement,
    tokens,
    partitioned,
    sample: (values) => trySample(compiled, values),
  });
  return {
    columns,
    warnings: [
      ...(explained === "hidden" && !statement.allowFullScan ? [HIDDEN] : []),
      ...(plan === undefined ? [] : judge(compiled, { plan, schema: known })),
      ...unpruned,
      ...columnWarnings(compiled, columns),
      ...keyWarnings(compiled, schema),
      ...(unbatchable === undefined ? [] : [`@batch is of no use: ${unbatchable}`]),
    ],
    ...(unbatchable === undefined ? {} : { unbatchable }),
    ...(ungroupable === undefined ? {} : { ungroupable }),
    ...(unroutable === undefined ? {} : { unavailable: unroutable }),
    ...(plan === undefined ? {} : { plan: describePlan(plan) }),
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
): Promise<PlanNode | "hidden" | undefined> {
  const { sample, schema } = options;
  const run = (bound: Bound) =>
    serverErrorsAs(async (): Promise<PlanNode | "hidden" | undefined> => {
      const result = await session.execute(`EXPLAIN FORMAT=JSON ${bound.sql}`, bound.values);
      return result.kind === "rows" ? readPlan(parsed(result.rows[0]?.[0])) : undefined;
    }, ({ errno }) => errno === ER_VIEW_NO_EXPLAIN ? "hidden" : undefined);
  const first = await run(sample);
  if (first === undefined || first === "hidden" || !findsNoRow(first)) return first;
  const keys = await serverErrorsAs(() => findKeys(session, schema), () => new Map());
  const found = keys.size === 0 ? undefined : trySample(compiled, keys);
  return found === undefined ? first : await run(found);
}

function parsed(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}

/** What the plan is warned of, unless the statement allows it. */
function judge(
  { statement }: CompiledStatement,
  options: { readonly plan: PlanNode; readonly schema: readonly TableSchema[] },
): readonly string[] {
  if (statement.allowFullScan) return [];
  const { tokens } = scanSql(statement.sql);
  const advice = new IndexAdvice({ ...options, tokens, params: statement.params });
  return planWarnings(options.plan, {
    limited: tokens.some((token) => token.kind === "word" && token.upper === "LIMIT"),
    nameOf: (alias) => advice.nameOf(alias),
    advise: (missing) => advice.advise(missing),
  });
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

/** Why no row of these columns can be read: mysql2 takes a result for broken that has such a one. */
function columnFault(columns: readonly ResultColumn[]): string | undefined {
  const found = columns.find(({ name }) => UNREADABLE.has(name));
  return found && `no result column may be called ${found.name}: give it an alias`;
}

/** Why the shard's key could miss its rows. */
function keyFault(
  compiled: CompiledStatement,
  schema: readonly ComparedSchema[],
): string | undefined {
  const { shard } = compiled.statement;
  const keyed = shard.by === "key" || shard.by === "each";
  if (!keyed || !isString(compiled, shard.param)) return undefined;
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
    name === param && (type.kind === "array" ? type.of : type).kind === "string"
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
