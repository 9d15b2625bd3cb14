/**
 * `deno task bench:partitions`: the longest that point reads and writes of a large table wait while
 * its partitions are made and dropped, with and without somebody who reads for long, and beside a
 * plain ALTER TABLE.
 *
 * `--rows 10000000`
 */
import { parseArgs } from "node:util";
import type { RangeRule } from "../../../src/partitions/partition_rule.ts";
import { table } from "../figures.ts";
import { grants, type UpkeepFleet, upkeepFleet } from "../../partitions/upkeep_fleet.ts";
import { type Met, Traffic } from "./traffic.ts";

const { values: flags } = parseArgs({
  args: Deno.args,
  options: { rows: { type: "string", default: "10000000" } },
});
const ROWS = Number(flags.rows);
const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 26, 12);
/** Half of the rows are in one partition, the others in equal ones. */
const SHARES = [0.5, 0.1, 0.1, 0.1, 0.1, 0.1];
const FIRST = NOW - SHARES.length * DAY;

const RULE: RangeRule = {
  by: "range",
  column: "at",
  period: "day",
  aheadMs: 5 * DAY,
  keepMs: undefined,
};

const iso = (ms: number) => new Date(ms).toISOString();
const day = (ms: number) => iso(ms).slice(0, 10);
const nameOf = (ms: number) => `p${day(ms).replaceAll("-", "")}`;
const partition = (ms: number) => `PARTITION ${nameOf(ms)} VALUES LESS THAN ('${day(ms + DAY)}')`;

await using fleet = await upkeepFleet({ shards: 1 });
fleet.now = NOW;
await load(fleet);
const sessions = await Promise.all(Array.from({ length: 6 }, () => fleet.session("s1")));
let next = ROWS;
const traffic = new Traffic(
  { readers: sessions.slice(0, 4), writers: sessions.slice(4) },
  {
    read: () => {
      const id = 1 + Math.floor(Math.random() * ROWS * 0.1);
      return `SELECT player_id FROM log WHERE id = ${id} AND at = '${day(NOW - DAY)} 05:00:00'`;
    },
    write: () => `INSERT INTO log VALUES (${++next}, 1, '${day(NOW)} 05:00:00')`,
  },
);
const lines: string[][] = [];
try {
  await measure("no upkeep", () => Promise.resolve());
  const steady = fleet.manager({ log: RULE });
  await measure("5 partitions made", () => upkeep(steady));
  const dropping = fleet.manager({ log: { ...RULE, keepMs: DAY } });
  await measure(`${SHARES.length - 1} partitions dropped`, () => upkeep(dropping));
  await measure("a long read, and 1 to be made", () =>
    besideLongRead(() => {
      fleet.now += DAY;
      return upkeep(steady);
    }));
  await measure("a long read, and a plain ALTER TABLE", () => besideLongRead(plainAlter));
} finally {
  await traffic.stop();
  for (const session of sessions) await session.end();
}
console.log(
  table([["", "reads", "p99 ms", "longest ms", "writes", "p99 ms", "longest ms"], ...lines]),
);

async function measure(what: string, work: () => Promise<unknown>): Promise<void> {
  const met: Met = await traffic.during(work, { leastMs: 2_000 });
  lines.push([
    what,
    ...[met.reads, met.writes].flatMap((durations) => [
      String(durations.count),
      durations.percentile(99).toFixed(1),
      durations.percentile(100).toFixed(0),
    ]),
  ]);
}

async function upkeep(manager: ReturnType<UpkeepFleet["manager"]>): Promise<void> {
  const { shards: [shard] } = await fleet.upkeep(manager, "log");
  for (const { action, partition, outcome, tookMs } of shard?.steps ?? []) {
    console.log(`  ${action} ${partition}: ${outcome} in ${tookMs} ms`);
  }
  for (const { detail } of shard?.problems ?? []) console.log(`  ${detail}`);
}

/** Somebody has read the table and does not end the transaction for 3 s. */
async function besideLongRead(work: () => Promise<unknown>): Promise<void> {
  const session = await fleet.session("s1");
  await session.query("START TRANSACTION");
  await session.query("SELECT player_id FROM log LIMIT 1");
  const ended = new Promise((resolve) => setTimeout(resolve, 3_000))
    .then(() => session.query("COMMIT"));
  await work();
  await ended;
  await session.end();
}

/** What one would write by hand: with the shortest `lock_wait_timeout` that waits at all. */
async function plainAlter(): Promise<void> {
  const session = await fleet.session("s1");
  await session.query("SET lock_wait_timeout = 1");
  const last = partition(fleet.now + 6 * DAY);
  const sql = "ALTER TABLE log REORGANIZE PARTITION later INTO " +
    `(${last}, PARTITION later VALUES LESS THAN (MAXVALUE))`;
  for (let tries = 0; tries < 3; tries++) {
    const done = await session.query(sql).then(() => true, () => false);
    if (done) break;
  }
  await session.end();
}

async function load({ everywhere }: UpkeepFleet): Promise<void> {
  const days = SHARES.map((_, n) => partition(FIRST + n * DAY)).join(", ");
  await everywhere(
    `CREATE TABLE log (id INT NOT NULL, player_id INT NOT NULL, at DATETIME NOT NULL,
       PRIMARY KEY (id, at)) PARTITION BY RANGE COLUMNS (at)
       (${days}, ${partition(NOW)}, PARTITION later VALUES LESS THAN (MAXVALUE)); ${grants("log")}`,
  );
  const beganAt = performance.now();
  for (const [n, share] of SHARES.entries()) {
    const at = `'${day(FIRST + n * DAY)} 05:00:00'`;
    await everywhere(
      `SET sql_log_bin = 0;
       INSERT INTO log SELECT seq, seq % 1000, ${at} FROM seq_1_to_${Math.round(ROWS * share)}`,
      { timeoutMs: 300_000 },
    );
  }
  console.log(`${ROWS} rows in ${((performance.now() - beganAt) / 1_000).toFixed(0)} s`);
}
