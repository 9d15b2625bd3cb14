import { assertEquals } from "@std/assert";
import type { Period, RangeRule } from "../../src/partitions/partition_rule.ts";
import { partitionName } from "../../src/partitions/period.ts";
import type { TableReport } from "../../src/partitions/table_report.ts";
import { grants, upkeepFleet } from "./upkeep_fleet.ts";

const DAY = 86_400_000;
const BEGIN = Date.UTC(2027, 11, 20, 9, 30);

/** `daily` is kept up for the weeks about the leap day only: a year of days takes half a minute. */
const RULES: Readonly<Record<string, RangeRule>> = {
  daily: { by: "range", column: "at", period: "day", aheadMs: 7 * DAY, keepMs: 10 * DAY },
  weekly: { by: "range", column: "at", period: "week", aheadMs: 14 * DAY, keepMs: 30 * DAY },
  monthly: { by: "range", column: "at", period: "month", aheadMs: 31 * DAY, keepMs: 92 * DAY },
};
const UPKEEP_DAYS = 5;
const FROM_DAY = 60;
const TO_DAY = 90;

// `daily` and `weekly` have no catch-all: a row that no partition takes is an error. `monthly` has
// one, which must stay empty. Each begins with one partition that was made by hand.
const TABLES = `
CREATE TABLE daily (id INT NOT NULL, at DATETIME NOT NULL, PRIMARY KEY (id, at))
  PARTITION BY RANGE COLUMNS (at) (PARTITION begun VALUES LESS THAN ('2027-12-20'));
CREATE TABLE weekly (id INT NOT NULL, at DATETIME NOT NULL, PRIMARY KEY (id, at))
  PARTITION BY RANGE (TO_DAYS(at)) (PARTITION begun VALUES LESS THAN (TO_DAYS('2027-12-20')));
CREATE TABLE monthly (id INT NOT NULL, at TIMESTAMP NOT NULL, PRIMARY KEY (id, at))
  PARTITION BY RANGE (UNIX_TIMESTAMP(at)) (
    PARTITION begun VALUES LESS THAN (UNIX_TIMESTAMP('2027-12-01')),
    PARTITION later VALUES LESS THAN MAXVALUE);
SET GLOBAL sync_binlog = 0, GLOBAL innodb_flush_log_at_trx_commit = 0`;

Deno.test("PartitionManager keeps tables up for a year, a leap day in it", async () => {
  await using fleet = await upkeepFleet({ shards: 1 });
  await fleet.everywhere([TABLES, ...Object.keys(RULES).map(grants)].join("; "));
  const manager = fleet.manager(RULES);
  const at = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace("T", " ");
  const wrong: string[] = [];
  const run = async (table: string) => {
    const report = await fleet.upkeep(manager, table);
    wrong.push(...faultsOf(report).map((fault) => `${at(fleet.now)} ${table} ${fault}`));
  };
  const check = async (table: string, last: readonly string[] = []) => {
    const { period, aheadMs, keepMs = 0 } = RULES[table] as RangeRule;
    const kept = names(fleet.now - keepMs, fleet.now + aheadMs, period);
    assertEquals(await fleet.names(table), ["begun", ...kept, ...last]);
  };
  // Upkeep comes each fifth day only, and rows are written for every day until the next one.
  for (let day = 0; day <= 366; day += UPKEEP_DAYS) {
    fleet.now = BEGIN + day * DAY;
    const tables = ["weekly", "monthly", ...(day >= FROM_DAY && day < TO_DAY ? ["daily"] : [])];
    for (const table of tables) await run(table);
    const rows = Array.from({ length: UPKEEP_DAYS }, (_, later) => {
      const ms = fleet.now + later * DAY;
      return `(${day + later}, '${at(ms)}'), (${-day - later - 1}, '${at(ms + 50_000)}')`;
    });
    await fleet.everywhere(
      tables.map((table) => `INSERT INTO ${table} VALUES ${rows.join(", ")}`).join("; "),
    );
    if (day + UPKEEP_DAYS >= TO_DAY && tables.includes("daily")) await check("daily");
  }
  assertEquals(wrong, []);
  await check("weekly");
  await check("monthly", ["later"]);
  const [counted] = await fleet.shards.get("s1")?.sql(
    `SELECT (SELECT COUNT(*) FROM weekly) AS weekly,
       (SELECT COUNT(*) FROM weekly PARTITION (${partitionName(fleet.now, "week")})) AS present,
       (SELECT COUNT(*) FROM monthly PARTITION (later)) AS later`,
  ) ?? [];
  // What is kept begins with Monday, the 13th of November 2028, and the last day is the 23rd of
  // December, a Saturday.
  assertEquals(Object.values(counted ?? {}).map(Number), [2 * 41, 2 * 6, 0]);
});

function faultsOf({ shards }: TableReport): string[] {
  return shards.flatMap(({ shard, status, steps, problems }) => [
    ...steps.filter(({ outcome }) => outcome !== "done").map(({ sql, outcome, why }) =>
      `${shard} ${outcome} ${why} ${sql}`
    ),
    ...(status === "ok" ? [] : [`${shard} is ${status}: ${problems.map(({ code }) => code)}`]),
  ]);
}

/** The names of all partitions that lie within two instants, if only by a part. */
function names(from: number, until: number, period: Period): string[] {
  const all = new Set<string>();
  for (let ms = from; ms < until; ms += DAY / 4) all.add(partitionName(ms, period));
  return [...all];
}
