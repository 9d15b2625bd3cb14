import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type Log, silentLog } from "../../src/core/log.ts";
import type { PartitionRule } from "../../src/partitions/partition_rule.ts";
import { readServerTable } from "../../src/partitions/table_reader.ts";
import type { TableReport } from "../../src/partitions/table_report.ts";
import { eventually } from "../support/eventually.ts";
import { grants, type UpkeepFleet, upkeepFleet } from "./upkeep_fleet.ts";

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 26, 13, 45);

const RULE: PartitionRule = {
  by: "range",
  column: "at",
  period: "day",
  aheadMs: DAY,
  keepMs: 2 * DAY,
};

/** Days 20 to 26, so that 27 is to be made, and 20 to 23 are to be dropped. */
const DAYS = Array.from(
  { length: 7 },
  (_, n) => `PARTITION p202611${20 + n} VALUES LESS THAN ('2026-11-${21 + n}')`,
).join(", ");
const BEFORE = Array.from({ length: 7 }, (_, n) => `p202611${20 + n}`);
const AFTER = ["p20261124", "p20261125", "p20261126", "p20261127"];

function create(table: string, more = ""): string {
  return `CREATE TABLE ${table} (id INT NOT NULL, at DATETIME(3) NOT NULL, PRIMARY KEY (id, at))
    PARTITION BY RANGE COLUMNS (at) (${DAYS}${more})`;
}

/** A table of its own on both shards, as it was declared, with a manager that may change it. */
async function fresh(fleet: UpkeepFleet, table: string, log: Log = silentLog) {
  fleet.now = NOW;
  fleet.databaseAheadMs = 0;
  await fleet.everywhere(`${create(table)}; ${grants(table)}`);
  return fleet.manager({ [table]: RULE }, log);
}

/** Each shard's state in short. */
function brief({ shards }: TableReport): Record<string, unknown> {
  return Object.fromEntries(shards.map(({ shard, status, steps, problems }) => [shard, {
    status,
    steps: steps.map(({ action, partition, outcome }) => `${action} ${partition} ${outcome}`),
    problems: problems.map(({ code }) => code),
  }]));
}

const outcomes = (outcome: string) => [
  `add p20261127 ${outcome}`,
  ...[20, 21, 22, 23].map((day) => `drop p202611${day} ${outcome}`),
];

Deno.test("PartitionManager", async (t) => {
  await using fleet = await upkeepFleet();

  await t.step("plan tells what is there and to be done, and changes nothing", async () => {
    const manager = await fresh(fleet, "planned");
    const report = await fleet.upkeep(manager, "planned", { dryRun: true });
    const expected = { status: "due", steps: outcomes("planned"), problems: [] };
    assertEquals(brief(report), { s1: expected, s2: expected });
    const [first] = report.shards;
    assertEquals(first?.partitions[0], {
      name: "p20261120",
      until: "2026-11-21T00:00:00.000Z",
      rows: 0,
    });
    assertEquals(
      first?.steps[0]?.sql,
      ["ALTER TABLE `planned` ADD PARTITION (PARTITION `p20261127` VALUES LESS THAN ('2026-11-28'))"],
    );
    assertEquals(await fleet.names("planned"), BEFORE);
  });

  await t.step("maintain does it on every shard, and finds nothing to do after that", async () => {
    const lines: string[] = [];
    const line: Log["info"] = (message, { shard, action, partition } = {}) =>
      lines.push([shard, message, action, partition].join(" "));
    const manager = await fresh(fleet, "kept", { ...silentLog, info: line, warn: line });
    const done = { status: "ok", steps: outcomes("done"), problems: [] };
    assertEquals(brief(await fleet.upkeep(manager, "kept")), { s1: done, s2: done });
    assertEquals([await fleet.names("kept"), await fleet.names("kept", "s2")], [AFTER, AFTER]);
    assertEquals(lines.length, 10);
    assertEquals(lines[0], "s1 partition changed add p20261127");
    const nothing = { status: "ok", steps: [], problems: [] };
    assertEquals(brief(await fleet.upkeep(manager, "kept")), { s1: nothing, s2: nothing });
    assertEquals(lines.length, 10);
  });

  await t.step("maintain does the other shards where one is away", async () => {
    const manager = await fresh(fleet, "halved");
    fleet.away.add("s1");
    const report = brief(await fleet.upkeep(manager, "halved"));
    fleet.away.clear();
    assertEquals(report, {
      s1: { status: "unreachable", steps: [], problems: ["unreachable"] },
      s2: { status: "ok", steps: outcomes("done"), problems: [] },
    });
    assertEquals([await fleet.names("halved"), await fleet.names("halved", "s2")], [BEFORE, AFTER]);
  });

  await t.step("plan and maintain fail where their time is over before a shard tells", async () => {
    const manager = await fresh(fleet, "hurried");
    const prepare = fleet.prepare;
    let slow = "s1";
    fleet.prepare = (session, shard) => {
      const execute = session.execute.bind(session);
      session.execute = async (sql, values) => {
        if (shard === slow) await session.query("SELECT SLEEP(30)");
        return await execute(sql, values);
      };
      return Promise.resolve();
    };
    const ended = (dryRun: boolean) =>
      assertRejects(
        () => fleet.upkeep(manager, "hurried", { dryRun, timeoutMs: 200 }),
        Error,
        "deadline_exceeded",
      );
    await ended(true);
    await ended(false);
    assertEquals(await fleet.names("hurried"), BEFORE);
    // What was done on the first shard is told.
    slow = "s2";
    const report = await fleet.upkeep(manager, "hurried", { timeoutMs: 3_000 });
    fleet.prepare = prepare;
    assertEquals(brief(report), {
      s1: { status: "ok", steps: outcomes("done"), problems: [] },
      s2: { status: "unreachable", steps: [], problems: ["unreachable"] },
    });
    assertStringIncludes(report.shards[1]?.problems[0]?.detail ?? "", "the time was over");
    assertEquals([await fleet.names("hurried"), await fleet.names("hurried", "s2")], [
      AFTER,
      BEFORE,
    ]);
  });

  await t.step("report tells of the other tables and shards where one fails by a bug", async () => {
    const lines: string[] = [];
    const error: Log["error"] = (message, { table, shard, error } = {}) =>
      lines.push([shard, table, message, error].join(" "));
    await fresh(fleet, "sound");
    await fresh(fleet, "broken");
    const manager = fleet.manager({ broken: RULE, sound: RULE }, { ...silentLog, error });
    const prepare = fleet.prepare;
    fleet.prepare = (session, shard) => {
      const execute = session.execute.bind(session);
      session.execute = (sql, values) => {
        if (shard === "s1" && values[0] === "broken") throw new TypeError("a bug");
        return execute(sql, values);
      };
      return Promise.resolve();
    };
    const reports = await manager.report();
    fleet.prepare = prepare;
    const sound = { status: "due", steps: outcomes("planned"), problems: [] };
    assertEquals(reports.map(brief), [
      { s1: { status: "blocked", steps: [], problems: ["internal"] }, s2: sound },
      { s1: sound, s2: sound },
    ]);
    assertEquals(lines, ["s1 broken the upkeep of a shard's partitions failed TypeError: a bug"]);
  });

  await t.step("maintain changes nothing without the privileges, and says which", async () => {
    fleet.now = NOW;
    await fleet.everywhere(`${create("denied")}; GRANT ALTER ON denied TO realmgate@'%'`);
    const report = await fleet.upkeep(fleet.manager({ denied: RULE }), "denied");
    const expected = {
      status: "blocked",
      steps: outcomes("planned"),
      problems: ["missing_privilege"],
    };
    assertEquals(brief(report), { s1: expected, s2: expected });
    const detail = report.shards[0]?.problems[0]?.detail ?? "";
    assertStringIncludes(detail, "GRANT DROP ON `game`.`denied` TO …");
    assertEquals(await fleet.names("denied"), BEFORE);
  });

  await t.step("maintain changes nothing while the clocks disagree", async () => {
    const manager = await fresh(fleet, "dated");
    for (const aheadMs of [61_000, -61_000]) {
      fleet.databaseAheadMs = aheadMs;
      const expected = { status: "blocked", steps: [], problems: ["clock_differs"] };
      assertEquals(brief(await fleet.upkeep(manager, "dated")), { s1: expected, s2: expected });
    }
    assertEquals(await fleet.names("dated"), BEFORE);
    fleet.databaseAheadMs = 50_000;
    await fleet.upkeep(manager, "dated");
    assertEquals(await fleet.names("dated"), AFTER);
  });

  await t.step(
    "maintain splits a catch-all of a few rows, and leaves a full one alone",
    async () => {
      fleet.now = NOW;
      const rows = (count: number) =>
        `INSERT INTO caught SELECT seq, '2026-11-27 05:00:00' FROM seq_1_to_${count}`;
      await fleet.everywhere(
        `${create("caught", ", PARTITION later VALUES LESS THAN (MAXVALUE)")}; ${grants("caught")}`,
      );
      await fleet.shards.get("s1")?.sql(rows(1_001));
      await fleet.shards.get("s2")?.sql(rows(1_000));
      const manager = fleet.manager({ caught: RULE });
      const drops = outcomes("done").slice(1);
      assertEquals(brief(await fleet.upkeep(manager, "caught")), {
        s1: { status: "blocked", steps: drops, problems: ["catch_all_filled"] },
        s2: { status: "ok", steps: outcomes("done"), problems: [] },
      });
      const [moved] = await fleet.shards.get("s2")?.sql(
        "SELECT COUNT(*) AS n FROM caught PARTITION (p20261127)",
      ) ?? [];
      assertEquals(Number(moved?.["n"]), 1_000);
    },
  );

  await t.step("maintain asks again for a table that is in use, and holds nobody up", async () => {
    const manager = await fresh(fleet, "busy");
    const server = fleet.shards.get("s1");
    assert(server !== undefined);
    const waiting = () =>
      server.sql("SELECT 1 FROM information_schema.processlist WHERE state LIKE '%metadata lock%'");
    const reading = server.sql(
      `START TRANSACTION; SELECT * FROM busy; SELECT SLEEP(20) INTO @slept; COMMIT`,
      { timeoutMs: 30_000 },
    ).catch(() => {});
    await eventually(() =>
      server.sql(
        "SELECT 1 FROM information_schema.processlist WHERE info LIKE '%SLEEP(20)%'" +
          " AND id <> CONNECTION_ID()",
      ).then(({ length }) => length)
    );
    const upkeep = fleet.upkeep(manager, "busy");
    await eventually(async () => (await waiting()).length);
    // The request is given up by itself, while the reader is still there.
    await eventually(async () => (await waiting()).length === 0);
    assertEquals(await server.sql("SELECT id FROM busy"), []);
    await server.sql(
      `SET @reader = (SELECT id FROM information_schema.processlist
         WHERE info LIKE '%SLEEP(20)%' AND id <> CONNECTION_ID()); KILL @reader`,
    );
    await reading;
    assertEquals(brief(await upkeep)["s1"], {
      status: "ok",
      steps: outcomes("done"),
      problems: [],
    });
  });

  await t.step("maintain compares anew where it was not answered", async () => {
    const manager = await fresh(fleet, "torn");
    const prepare = fleet.prepare;
    fleet.prepare = (session) => {
      const query = session.query.bind(session);
      session.query = (sql) => {
        const answer = query(sql);
        if (sql.startsWith("ALTER")) session.destroy();
        return answer;
      };
      return Promise.resolve();
    };
    const torn = brief(await fleet.upkeep(manager, "torn"));
    fleet.prepare = prepare;
    const expected = [outcomes("unknown")[0], ...outcomes("planned").slice(1)];
    assertEquals(torn["s1"], { status: "due", steps: expected, problems: [] });
    // The statement may still run when the next run plans it, and refuses it then.
    await eventually(async () => {
      const again = brief(await fleet.upkeep(manager, "torn"));
      return Object.values(again).every((shard) => (shard as { status: string }).status === "ok");
    });
    assertEquals([await fleet.names("torn"), await fleet.names("torn", "s2")], [AFTER, AFTER]);
  });

  await t.step("maintain tells what it did where the look after that fails", async () => {
    const manager = await fresh(fleet, "untold");
    const prepare = fleet.prepare;
    fleet.prepare = (session) => {
      const execute = session.execute.bind(session);
      let looks = 0;
      session.execute = (sql, values) => {
        if (values[0] === "untold" && ++looks === 2) session.destroy();
        return execute(sql, values);
      };
      return Promise.resolve();
    };
    const done = { status: "due", steps: outcomes("done"), problems: [] };
    assertEquals(brief(await fleet.upkeep(manager, "untold")), { s1: done, s2: done });
    fleet.prepare = prepare;
    assertEquals(await fleet.names("untold"), AFTER);
  });

  await t.step("maintain drops what an interrupted run has left behind", async () => {
    const manager = await fresh(fleet, "littered");
    await fleet.everywhere("CREATE TABLE realmgate_retired_littered (id INT)");
    await fleet.upkeep(manager, "littered");
    assertEquals(await fleet.names("littered"), AFTER);
    // A table without partitions would have one that is called null.
    assertEquals(await fleet.names("realmgate_retired_littered"), []);
  });

  await t.step("maintain drops partitions where a server cannot make tables of them", async () => {
    const manager = await fresh(fleet, "plain");
    const prepare = fleet.prepare;
    fleet.prepare = (session) => {
      const query = session.query.bind(session);
      session.query = (sql) => query(sql.replace("CONVERT PARTITION", "CONVERT NO PARTITION"));
      return Promise.resolve();
    };
    const done = { status: "ok", steps: outcomes("done"), problems: [] };
    assertEquals(brief(await fleet.upkeep(manager, "plain")), { s1: done, s2: done });
    fleet.prepare = prepare;
    assertEquals(await fleet.names("plain"), AFTER);
  });

  await t.step("maintain drops what is over where the server takes no other one", async () => {
    const manager = await fresh(fleet, "full");
    const prepare = fleet.prepare;
    fleet.prepare = (session) => {
      const query = session.query.bind(session);
      session.query = (sql) => query(sql.replace("('2026-11-28')", "('2026-11-01')"));
      return Promise.resolve();
    };
    const steps = [...outcomes("refused").slice(0, 1), ...outcomes("done").slice(1)];
    const expected = { status: "due", steps, problems: [] };
    assertEquals(brief(await fleet.upkeep(manager, "full")), { s1: expected, s2: expected });
    fleet.prepare = prepare;
    assertEquals(await fleet.names("full"), AFTER.slice(0, -1));
  });

  await t.step("maintain says that it needs INSERT, with which tables are made", async () => {
    const manager = await fresh(fleet, "unfilled");
    await fleet.everywhere("REVOKE INSERT ON game.* FROM realmgate@'%'");
    await fleet.everywhere("REVOKE INSERT ON realmgate_retired_unfilled FROM realmgate@'%'");
    const denied = await fleet.upkeep(manager, "unfilled");
    const [, grant = ""] =
      /^.*: (GRANT .*) TO …$/.exec(denied.shards[0]?.problems[0]?.detail ?? "") ??
        [];
    await fleet.everywhere(`${grant} TO realmgate@'%'`);
    const granted = brief(await fleet.upkeep(manager, "unfilled"));
    await fleet.everywhere("GRANT INSERT ON game.* TO realmgate@'%'");
    assertEquals(grant, "GRANT CREATE, INSERT, DROP ON `game`.`realmgate_retired_unfilled`");
    const done = { status: "ok", steps: outcomes("done"), problems: [] };
    assertEquals(granted, { s1: done, s2: done });
  });

  await t.step("plan looks no other table up", async () => {
    await fresh(fleet, "alone");
    const session = await fleet.session("s1");
    const written = async () => {
      const status = await session.query("SHOW SESSION STATUS LIKE 'Handler_tmp_write'");
      return status.kind === "rows" ? Number(status.rows[0]?.[1]) : NaN;
    };
    const before = await written();
    const table = await readServerTable(session, { table: "alone", column: "at" });
    assertEquals([table?.columnType, table?.partitions.length], ["datetime", BEFORE.length]);
    // One a partition, one a column, and what SHOW itself needs.
    assert(await written() - before < 20, "must not go through the columns of every table");
    await session.end();
  });

  await t.step(
    "maintain refuses what is not declared, and a second run beside the first",
    async () => {
      const manager = await fresh(fleet, "once");
      await assertRejects(() => fleet.upkeep(manager, "elsewhere"), Error, "must declare it");
      await fleet.locks.withLock("realmgate:partitions:once", { ttlMs: 10_000 }, async () => {
        await assertRejects(() => fleet.upkeep(manager, "once"), Error, "another upkeep");
      });
      assertEquals(await fleet.names("once"), BEFORE);
    },
  );

  await t.step("plan reports tables of other kinds, and such as are not there", async () => {
    await fleet.everywhere(
      `CREATE TABLE listed (id INT, region INT) PARTITION BY LIST (region) (
         PARTITION eu VALUES IN (1, 2), PARTITION us VALUES IN (3));
       CREATE TABLE hashed (id INT) PARTITION BY HASH (id) PARTITIONS 2;`,
    );
    const manager = fleet.manager({
      listed: { by: "list", column: "region" },
      hashed: { by: "key", column: "id" },
      missing: RULE,
    });
    const [first] = (await fleet.upkeep(manager, "listed", { dryRun: true })).shards;
    assertEquals([first?.status, first?.partitions], ["ok", [
      { name: "eu", values: "1,2", rows: 0 },
      { name: "us", values: "3", rows: 0 },
    ]]);
    const hashed = brief(await fleet.upkeep(manager, "hashed"))["s1"];
    assertEquals(hashed, { status: "blocked", steps: [], problems: ["not_understood"] });
    const missing = brief(await fleet.upkeep(manager, "missing"))["s1"];
    assertEquals(missing, { status: "blocked", steps: [], problems: ["not_found"] });
  });
});
