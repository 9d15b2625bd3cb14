/**
 * Prints how each shard would run each statement, with what is warned of. Asks the primaries;
 * nothing is run but EXPLAIN, and no service need be up. `deno task explain` runs it.
 */
import { parseArgs } from "node:util";
import { readConfig } from "../config/read_config.ts";
import { systemClock } from "../core/clock.ts";
import { type Log, silentLog } from "../core/log.ts";
import { systemRandom } from "../core/random.ts";
import { Mysql2Driver } from "../drivers/mysql2_driver.ts";
import { describeShard } from "../query/describe_shard.ts";
import { groupPlans } from "../query/explained_plan.ts";
import { planLines } from "../query/plan_text.ts";
import { QueryOptimizer } from "../query/query_optimizer.ts";
import type { Statement, StatementFacts } from "../query/statement.ts";
import { findPrimaries } from "./find_primaries.ts";
import { registryRules } from "./settings.ts";
import { checkStatements } from "./statement_check.ts";
import { readStatementFiles } from "./statement_files.ts";

const HELP = `deno task explain [--strict] [<statement>]

Prints each statement's plan on every shard, with its fingerprint and what is warned of. Shards with
the same plan are shown once. Ends with the exit code 1 if a server could not be asked.

  --strict  also if anything is warned of

  REALMGATE_CONFIG  the configuration; without it that of the running deno task dev
`;

/** What the task works with. */
export interface ExplainTaskOptions {
  readonly args: readonly string[];
  /** With `REALMGATE_CONFIG`, and all that the configuration asks for. */
  readonly environment: Readonly<Record<string, string>>;
  readonly say: (line: string) => void;
}

/**
 * Explains the statements of a configuration.
 *
 * @returns the exit code: 1 if a server could not be asked, or `--strict` was asked for and something
 * is warned of
 * @throws {Error} if the configuration or a statement file has a fault, or there is no such statement
 */
export async function explainTask(options: ExplainTaskOptions): Promise<number> {
  const { args, environment, say } = options;
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { strict: { type: "boolean" }, help: { type: "boolean" } },
    allowPositionals: true,
  });
  if (values.help) {
    say(HELP);
    return 0;
  }
  const { config, ca } = await readConfig(environment);
  const optimizer = new QueryOptimizer(registryRules(config));
  optimizer.load(await readStatementFiles(config.statements));
  const [name, another] = positionals;
  if (another !== undefined) {
    throw new Error(`Cannot explain: one name at most, received ${another} too`);
  }
  const statements = optimizer.list().filter(({ statement }) =>
    name === undefined || statement.name === name
  );
  if (statements.length === 0) {
    throw new Error(`Cannot explain: a statement must have this name, received ${name ?? "none"}`);
  }
  const log: Log = {
    ...silentLog,
    warn: (message, fields) => say(`! ${message}  ${shown(fields)}`),
  };
  const world = { clock: systemClock, random: systemRandom, log, driver: new Mysql2Driver() };
  const topology = await findPrimaries({ config, ca, world });
  const { facts, complete } = await checkStatements({ config, ca, world, statements, topology });
  for (const { statement } of statements) {
    for (const line of describe(statement, facts[statement.name])) say(line);
  }
  const warned = statements.some(({ statement }) => {
    const { warnings = [], unavailable } = facts[statement.name] ?? {};
    return warnings.length > 0 || unavailable !== undefined;
  });
  return !complete || (values.strict && warned) ? 1 : 0;
}

function* describe(statement: Statement, facts: StatementFacts | undefined): Generator<string> {
  const { name, file, line, shard } = statement;
  yield `${name}  shard ${describeShard(shard)}  ${file}:${line}`;
  for (const { shards, summary, fingerprint, tree } of groupPlans(facts?.plans ?? [])) {
    yield `  ${[shards.join(", "), summary, fingerprint].filter(Boolean).join("  ")}`;
    for (const text of planLines(tree)) yield `    ${text}`;
  }
  const unavailable = facts?.unavailable;
  if (unavailable !== undefined) yield `  ✗ ${unavailable}`;
  for (const warning of facts?.warnings ?? []) yield `  ! ${warning}`;
  yield "";
}

function shown(fields: Readonly<Record<string, unknown>> = {}): string {
  return Object.values(fields).map((value) => value instanceof Error ? value.message : value)
    .join("  ");
}

if (import.meta.main) {
  try {
    const environment = Deno.env.toObject();
    Deno.exit(await explainTask({ args: Deno.args, environment, say: console.log }));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
