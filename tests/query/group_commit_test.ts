import { assert, assertEquals, assertRejects } from "@std/assert";
import { systemClock } from "../../src/core/clock.ts";
import { SqlError } from "../../src/drivers/mysql.ts";
import { InterruptedError } from "../../src/pool/interrupted_error.ts";
import type { CommitTimes } from "../../src/query/commit_window.ts";
import { commitTogether, type GroupResult } from "../../src/query/group_commit.ts";
import { eventually } from "../support/eventually.ts";
import { firstRow, PoolFixture, TestServer } from "../pool/fixture.ts";

const server = TestServer.forThisFile({
  schema: `CREATE TABLE purses (
      id BIGINT PRIMARY KEY, gold BIGINT UNSIGNED NOT NULL, note VARCHAR(9) UNIQUE
    );
    INSERT INTO purses VALUES (1, 100, NULL), (2, 200, 'two'), (3, 300, 'three');
    CREATE TABLE poor (id BIGINT PRIMARY KEY, gold BIGINT UNSIGNED NOT NULL);
    INSERT INTO poor VALUES (1, 1)`,
});

const ADD = "UPDATE purses SET gold = gold + CAST(? AS SIGNED) WHERE id = CAST(? AS SIGNED)";
const NOTE = "UPDATE purses SET note = ? WHERE id = CAST(? AS SIGNED)";

function fixture(): PoolFixture {
  return new PoolFixture({ target: server.target, max: 4 });
}

async function together(
  pool: PoolFixture,
  writes: readonly { readonly sql: string; readonly values: readonly string[] }[],
  options: { readonly timeoutMs?: number; readonly measured?: (times: CommitTimes) => void } = {},
): Promise<GroupResult> {
  const scope = pool.scope(options.timeoutMs);
  const lease = await pool.lease("test", scope);
  try {
    const { measured = () => {} } = options;
    return await commitTogether(lease, {
      writes,
      positioned: true,
      scope,
      clock: systemClock,
      measured,
    });
  } finally {
    pool.pool.release(lease);
  }
}

/** What each write came to, in a word. */
function told({ outcomes }: GroupResult): readonly unknown[] {
  return outcomes.map((outcome) => {
    if (outcome.is === "done") {
      return outcome.result.kind === "ok" ? outcome.result.affectedRows : outcome.result.rows;
    }
    return outcome.is === "failed" && outcome.error instanceof SqlError
      ? outcome.error.errno
      : outcome.is;
  });
}

async function gold(): Promise<readonly string[]> {
  const rows = await server.node.sql("SELECT gold FROM purses WHERE id < 9 ORDER BY id");
  return rows.map((row) => String(Object.values(row)[0]));
}

Deno.test("commitTogether applies and answers each write when one of them breaks a rule", async () => {
  await using pool = fixture();
  const before = await gold();
  const commits = await server.value("SELECT @@gtid_binlog_pos");
  const result = await together(pool, [
    { sql: ADD, values: ["1", "1"] },
    { sql: ADD, values: ["-100000", "2"] },
    { sql: NOTE, values: ["three", "1"] },
    { sql: NOTE, values: ["far too long", "1"] },
    { sql: ADD, values: ["2", "1"] },
    { sql: ADD, values: ["5", "404"] },
    { sql: ADD, values: ["7", "3"] },
  ]);
  assertEquals(told(result), [1, 1690, 1062, 1406, 1, 0, 1]);
  const [one, two, three] = before.map(Number) as [number, number, number];
  assertEquals(await gold(), [one + 3, two, three + 7].map(String));
  const sequence = (position: unknown) => Number(String(position).split("-").at(-1));
  assertEquals(sequence(result.position), sequence(commits) + 1, "one transaction");
  assert(
    result.outcomes.every((outcome) =>
      outcome.is !== "done" || outcome.result.gtid === result.position
    ),
  );
  assertEquals(pool.pool.stats().totals.created, 1);
});

Deno.test("commitTogether tells a position when nothing was changed", async () => {
  await using pool = fixture();
  const { outcomes, position } = await together(pool, [
    { sql: ADD, values: ["1", "404"] },
    { sql: ADD, values: ["0", "1"] },
  ]);
  assertEquals(told({ outcomes, position }), [0, 1]);
  assertEquals(position, await server.value("SELECT @@gtid_binlog_pos"));
});

Deno.test("commitTogether waits for no lock: a write that would is to be done alone", async () => {
  await using pool = fixture();
  const before = (await gold()).map(Number) as [number, number, number];
  const holder = await pool.lease();
  const scope = pool.scope();
  await holder.transact("START TRANSACTION", { scope });
  await holder.execute("UPDATE purses SET gold = gold WHERE id = 2", [], { scope });
  const result = await together(pool, [
    { sql: ADD, values: ["1", "1"] },
    { sql: ADD, values: ["1", "2"] },
    { sql: ADD, values: ["1", "3"] },
  ]);
  assertEquals(told(result), [1, "alone", 1]);
  await holder.transact("ROLLBACK", { scope });
  pool.pool.release(holder);
  assertEquals(await gold(), [before[0] + 1, before[1], before[2] + 1].map(String));
});

Deno.test("commitTogether waits for no change of a table: its writes are to be done alone", async () => {
  await using pool = fixture();
  await together(pool, [{
    sql: "UPDATE poor SET gold = 1 WHERE id = CAST(? AS SIGNED)",
    values: ["1"],
  }]);
  const reader = await pool.lease();
  const scope = pool.scope();
  await reader.transact("START TRANSACTION", { scope });
  await reader.execute("SELECT * FROM poor", [], { scope });
  const change = server.node.sql("ALTER TABLE poor ADD COLUMN note INT");
  await eventually(async () =>
    Number(
      await server.value(
        "SELECT COUNT(*) FROM information_schema.processlist WHERE state LIKE 'Waiting for table metadata%'",
      ),
    ) === 1
  );
  const result = await together(pool, [
    { sql: "UPDATE poor SET gold = 5 WHERE id = CAST(? AS SIGNED)", values: ["1"] },
    { sql: ADD, values: ["1", "1"] },
  ]);
  // A connection that has prepared both before refuses the first alone.
  assertEquals(told(result)[0], "alone");
  await reader.transact("ROLLBACK", { scope });
  pool.pool.release(reader);
  await change;
});

Deno.test("commitTogether has every write done alone when one cannot be prepared", async () => {
  await using pool = fixture();
  const before = await gold();
  const result = await together(pool, [
    { sql: ADD, values: ["1", "1"] },
    { sql: "UPDATE nobody SET gold = 0", values: [] },
  ]);
  assertEquals(told(result), ["alone", "alone"]);
  assertEquals(await gold(), before);
});

Deno.test("commitTogether tells what stands for itself when the server undid the transaction", async () => {
  await using pool = fixture();
  const before = (await gold()).map(Number) as [number, number, number];
  // What a server does to a victim of a deadlock; COMMIT and ROLLBACK take the same way as statements.
  const lease = await pool.lease();
  const scope = pool.scope();
  const undone = await lease.transactAll([
    { sql: ADD, values: ["1", "1"] },
    { sql: "ROLLBACK", values: [] },
    { sql: ADD, values: ["1", "2"] },
  ], { scope, settle: true });
  assertEquals(undone.whole, false);
  assertEquals(
    undone.answers.map((answer) =>
      !(answer instanceof SqlError) && answer.kind === "ok" && answer.inTransaction
    ),
    [true, false, false],
  );
  assertEquals(await gold(), [before[0], before[1] + 1, before[2]].map(String));
  const last = await lease.transactAll([
    { sql: ADD, values: ["1", "1"] },
    { sql: "ROLLBACK", values: [] },
  ], { scope, settle: true });
  assertEquals([last.whole, (await gold())[0]], [false, String(before[0])]);
  pool.pool.release(lease);
});

Deno.test("commitTogether knows nothing of its writes when its connection is lost in between", async () => {
  await using pool = fixture();
  const lease = await pool.lease();
  const slow = "UPDATE purses SET gold = gold WHERE id = 1 AND SLEEP(CAST(? AS SIGNED)) = 0";
  const scope = pool.scope();
  const failure = assertRejects(() =>
    commitTogether(lease, {
      writes: [{ sql: ADD, values: ["1", "1"] }, { sql: slow, values: ["20"] }],
      positioned: true,
      scope,
      clock: systemClock,
      measured: () => {},
    }), SqlError);
  await eventually(async () =>
    Number(
      await server.value(
        "SELECT COUNT(*) FROM information_schema.processlist WHERE state = 'User sleep'",
      ),
    ) === 1
  );
  await server.node.sql(`KILL CONNECTION ${lease.connectionId}`);
  assertEquals((await failure).kind, "connection_lost");
});

Deno.test("commitTogether is stopped, its writes unknown, when its scope ends", async () => {
  await using pool = fixture();
  const slow = "UPDATE purses SET gold = gold WHERE id = 1 AND SLEEP(CAST(? AS SIGNED)) = 0";
  const error = await assertRejects(
    () => together(pool, [{ sql: slow, values: ["20"] }], { timeoutMs: 200 }),
    InterruptedError,
  );
  assertEquals([error.end, error.outcome], ["deadline_exceeded", "unknown"]);
  const answer = await pool.run("SELECT @@in_transaction, @@innodb_lock_wait_timeout");
  assertEquals(firstRow(answer).map(Number), [0, 50]);
});

Deno.test("commitTogether tells how long its writes ran and how long their commit took", async () => {
  await using pool = fixture();
  const slow = "UPDATE purses SET gold = gold WHERE id = 1 AND SLEEP(CAST(? AS DECIMAL(5, 2))) = 0";
  let times: CommitTimes | undefined;
  await together(pool, [{ sql: slow, values: ["0.2"] }], { measured: (told) => times = told });
  assert(times !== undefined && times.executedMs >= 200 && times.committedMs >= 0);
});
