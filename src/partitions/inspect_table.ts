import type { MysqlSession } from "../drivers/mysql.ts";
import { noPlan, type PartitionPlan, type PartitionProblem } from "./partition_plan.ts";
import type { PartitionRule } from "./partition_rule.ts";
import { PartitionedTable } from "./partitioned_table.ts";
import { planUpkeep } from "./plan_upkeep.ts";
import { grantTexts, missingPrivileges, type NeededPrivileges } from "./privileges.ts";
import { retiredName } from "./sql_text.ts";
import { countRows, readServerTable, readSurroundings } from "./table_reader.ts";

/** How far the service's clock and the database's may be apart for partitions to be changed. */
const MAX_CLOCK_DIFFERENCE_MS = 60_000;

/** What one server has of a declared table, and what its upkeep would do. */
export interface InspectedTable {
  /** `undefined` where the server has no such table. */
  readonly table: PartitionedTable | undefined;
  readonly plan: PartitionPlan;
}

/**
 * Compares a declared table with what a server has, and plans its upkeep. Changes nothing.
 *
 * @param options.wallMs now, by the service's own clock, in Unix milliseconds
 * @throws {SqlError}
 */
export async function inspectTable(
  session: MysqlSession,
  options: { readonly name: string; readonly rule: PartitionRule; readonly wallMs: () => number },
): Promise<InspectedTable> {
  const { name, rule, wallMs } = options;
  const server = await readServerTable(session, { table: name, column: rule.column });
  if (server === undefined) {
    const detail = `the database has no table ${name}, or the account may not see it`;
    return { table: undefined, plan: noPlan("not_found", detail) };
  }
  const table = new PartitionedTable(name, rule, server);
  const { nowMs, database, grants } = await readSurroundings(session);
  const apartMs = Math.round(Math.abs(nowMs - wallMs()));
  if (rule.by === "range" && apartMs > MAX_CLOCK_DIFFERENCE_MS) {
    const detail =
      `the clock of the database and the service's are ${apartMs} ms apart: nothing is ` +
      "made or dropped by a clock that may be wrong";
    return { table, plan: noPlan("clock_differs", detail) };
  }
  const catchAll = table.ranges.find(({ until }) => until === Infinity);
  const caughtRows = catchAll === undefined
    ? 0
    : await countRows(session, { table: name, partition: catchAll.name });
  const plan = planUpkeep(table, { nowMs, caughtRows });
  return { table, plan: withPrivileges(plan, { database, table: name, grants }) };
}

function withPrivileges(
  plan: PartitionPlan,
  account: {
    readonly database: string;
    readonly table: string;
    readonly grants: readonly string[];
  },
): PartitionPlan {
  if (plan.steps.length === 0) return plan;
  const { database, table, grants } = account;
  const drops = plan.steps.some(({ action }) => action === "drop");
  const needs: NeededPrivileges[] = [
    {
      database,
      table,
      needed: drops ? ["ALTER", "DROP", "LOCK TABLES"] : ["ALTER", "LOCK TABLES"],
    },
    ...(drops
      ? [{ database, table: retiredName(table), needed: ["CREATE", "INSERT", "DROP"] } as const]
      : []),
  ];
  const texts = needs.flatMap((need) => {
    const missing = missingPrivileges(grants, need);
    // Of a table that is not there yet nothing can be granted without CREATE.
    const together = missing.length > 0 && need.needed.includes("CREATE");
    return grantTexts(together ? need.needed : missing, need);
  });
  if (texts.length === 0) return plan;
  const problem: PartitionProblem = {
    code: "missing_privilege",
    detail: `the service's account may not change ${table}: ${texts.join("; ")}`,
    blocks: true,
  };
  return { steps: plan.steps, problems: [problem, ...plan.problems] };
}
