import { assert, assertEquals } from "@std/assert";
import { RealmgateError } from "../../src/core/errors.ts";
import { FencedFixture, lockWait, openSession, transactions } from "./fenced_server.ts";
import { firstRow, TestServer } from "../pool/fixture.ts";
import { eventually } from "../support/eventually.ts";
import { install } from "../routing/probed_stack.ts";

const SCHEMA = [
  `CREATE TABLE gold (id INT PRIMARY KEY, amount BIGINT NOT NULL, CHECK (amount >= 0)) ENGINE=InnoDB`,
  `INSERT INTO gold SELECT seq, 0 FROM seq_1_to_100`,
  `CREATE TABLE landed (note VARCHAR(64) PRIMARY KEY) ENGINE=InnoDB`,
  // A claim can be made once: its trigger looks at those before.
  `CREATE TABLE wallet (id INT PRIMARY KEY, claims INT NOT NULL) ENGINE=InnoDB`,
  `CREATE TABLE ledger (seq INT AUTO_INCREMENT PRIMARY KEY, id INT NOT NULL, KEY (id)) ENGINE=InnoDB`,
  `CREATE TRIGGER once BEFORE UPDATE ON wallet FOR EACH ROW BEGIN
     DECLARE before_ INT;
     SELECT COUNT(*) INTO before_ FROM ledger WHERE id = NEW.id;
     IF before_ > 0 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'claimed'; END IF;
     INSERT INTO ledger (id) VALUES (NEW.id);
   END`,
  `CREATE TABLE notes (note VARCHAR(64)) ENGINE=MyISAM`,
];

const STATEMENTS = `
-- name: test.add :exec
-- @shard s1
-- @param id int example=1
-- @param amount bigint
UPDATE gold SET amount = amount + :amount WHERE id = :id;

-- name: test.add_late :exec
-- @shard s1
-- @param id int example=1
UPDATE gold SET amount = amount + 1 WHERE id = :id AND SLEEP(1) = 0;

-- name: test.add_tagged :exec
-- @shard s1
-- @param id int example=1
-- @invalidates gold:{id}
UPDATE gold SET amount = amount + 1 WHERE id = :id;

-- name: test.land :exec
-- @shard s1
-- @param note string
INSERT INTO landed (note) VALUES (:note);

-- name: test.claim :exec
-- @shard s1
-- @param id int example=1
UPDATE wallet SET claims = claims + 1 WHERE id = :id;

-- name: test.note :exec
-- @shard s1
-- @param note string
INSERT notes SET note = :note;
`;

const server = TestServer.forThisFile();
Deno.test.beforeAll(async () => {
  await install(server.node);
  for (const each of SCHEMA) await server.node.sql(each);
});

async function fixture(max = 8): Promise<FencedFixture> {
  const { target } = server;
  const made = new FencedFixture({ target, max, statements: STATEMENTS });
  await made.learn(target);
  return made;
}

/** Waits until somebody runs `test.add_late`. */
async function sleeping(): Promise<void> {
  await eventually(async () => {
    const rows = await server.node.sql(
      "SELECT 1 FROM information_schema.processlist WHERE state = 'User sleep'",
    );
    return rows.length === 1;
  });
}

/** The outcomes of writes that leave as one group, behind one that goes alone. */
async function group(
  made: FencedFixture,
  writes: readonly (readonly [string, Readonly<Record<string, unknown>>])[],
): Promise<Promise<unknown>[]> {
  const first = made.write("test.add", { id: 100, amount: "1" });
  const rest = writes.map(([name, params]) =>
    made.write(name, params).then(
      ({ kind }) => kind,
      (error) => error instanceof RealmgateError ? error.code : error,
    )
  );
  await first;
  return rest;
}

async function prepare(): Promise<void> {
  await server.node.sql(
    "UPDATE gold SET amount = 0; DELETE FROM landed; DELETE FROM ledger; " +
      "REPLACE INTO wallet VALUES (1, 0), (2, 0)",
  );
}

Deno.test("WriteGroups applies a write once when another session wrote what its trigger looks at", async () => {
  await prepare();
  await using made = await fixture(2);
  const outcomes = await group(made, [
    ["test.claim", { id: 2 }],
    ["test.add_late", { id: 1 }],
    ["test.claim", { id: 1 }],
  ]);
  await sleeping();
  await server.node.sql("UPDATE wallet SET claims = claims + 1 WHERE id = 1");
  assertEquals(await Promise.all(outcomes), ["ok", "ok", "constraint_violation"]);
  assertEquals(
    await server.node.sql("SELECT id, claims FROM wallet"),
    [{ id: 1, claims: 1 }, { id: 2, claims: 1 }],
  );
});

Deno.test("WriteGroups applies each write once when the server undoes their transaction", async () => {
  await prepare();
  await using made = await fixture(4);
  const outcomes = await group(made, [
    ["test.claim", { id: 2 }],
    ["test.add", { id: 1, amount: "1" }],
    ["test.add_late", { id: 2 }],
    ["test.claim", { id: 1 }],
    ["test.add", { id: 3, amount: "1" }],
    ["test.land", { note: "a" }],
    ["test.land", { note: "a" }],
  ]);
  await sleeping();
  await server.node.sql("UPDATE wallet SET claims = claims + 1 WHERE id = 1");
  const told = await Promise.all(outcomes);
  assertEquals(told, [
    "ok",
    "ok",
    "ok",
    "constraint_violation",
    "ok",
    "ok",
    "constraint_violation",
  ]);
  assertEquals(
    await server.node.sql("SELECT id, amount FROM gold WHERE id <= 3"),
    [{ id: 1, amount: "1" }, { id: 2, amount: "1" }, { id: 3, amount: "1" }],
  );
});

Deno.test("WriteGroups leaves a session as it was when writes are refused", async () => {
  await prepare();
  await using made = await fixture(1);
  const outcomes = await group(made, [
    ["test.land", { note: "a" }],
    ["test.land", { note: "a" }],
    ["test.add", { id: 1, amount: "-1" }],
    ["test.land", { note: "b" }],
  ]);
  assertEquals(await Promise.all(outcomes), [
    "ok",
    "constraint_violation",
    "constraint_violation",
    "ok",
  ]);
  const state = await made.pool.run(
    "SELECT @@innodb_lock_wait_timeout, @@lock_wait_timeout, @@innodb_snapshot_isolation, @@in_transaction",
  );
  assertEquals(firstRow(state), ["50", "86400", "0", "0"]);
  assertEquals(made.pool.pool.stats().totals.created, 1);
});

Deno.test("checkOnServer groups only writes to tables that it knows", async () => {
  await using made = await fixture();
  assertEquals(made.ungroupable("test.add"), undefined);
  assertEquals(made.ungroupable("test.note"), "its table is not known");
});

Deno.test("WriteGroups lets others write when one waits for a lock", async () => {
  await prepare();
  await using made = await fixture();
  await using other = await openSession(server);
  await other.query("START TRANSACTION");
  await other.query("UPDATE gold SET amount = 5 WHERE id = 1");
  const waits = made.write("test.add", { id: 1, amount: "1" });
  await lockWait(server);
  await Promise.all([2, 3, 4].map((id) => made.write("test.add", { id, amount: "1" })));
  assertEquals((await transactions(server)).filter(({ waits }) => waits).length, 1);
  await other.query("COMMIT");
  await waits;
});

Deno.test("WriteGroups refuses writes as the pool does when nothing comes free", async () => {
  await prepare();
  await using made = await fixture(1);
  const held = await made.pool.lease();
  const writes = Array.from({ length: 20_000 }, (_, at) => {
    return made.write("test.add", { id: 1 + at % 50, amount: "1" }).then(
      () => "ok",
      (error) => (error as RealmgateError).code,
    );
  });
  assertEquals(await Promise.race(writes), "pool_saturated");
  assert(made.pool.pool.stats().totals.saturated > 0, "at once");
  made.pool.pool.release(held);
  const told = Map.groupBy(await Promise.all(writes), (is) => is);
  assertEquals([...told.keys()].sort(), ["ok", "pool_saturated"]);
  const [row] = await server.node.sql("SELECT SUM(amount) AS sum FROM gold");
  assertEquals(Number(row?.["sum"]), told.get("ok")?.length);
});

Deno.test("WriteGroups leaves a write its own time when one with tags has less", async () => {
  await prepare();
  await using made = await fixture(1);
  const held = await made.pool.lease();
  const scope = made.pool.scope(200);
  const first = made.write("test.add", { id: 1, amount: "1" });
  const tagged = made.write("test.add_tagged", { id: 2 }, { scope }).catch(() => "late");
  const other = made.write("test.add", { id: 3, amount: "1" });
  assertEquals(await Promise.race([tagged, other]), "late");
  // The look that ended the one's scope has ended the group's: its connection is no longer waited for.
  await eventually(() => made.pool.pool.stats().totals.timedOut > 0);
  made.pool.pool.release(held);
  assertEquals([(await first).kind, (await other).kind], ["ok", "ok"]);
});
