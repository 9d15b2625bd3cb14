import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { systemClock } from "../../src/core/clock.ts";
import { ScopeWatch } from "../../src/core/scope.ts";
import { type MysqlSession, type Ok, type Rows, SqlError } from "../../src/drivers/mysql.ts";
import { Mysql2Driver, type Mysql2DriverOptions } from "../../src/drivers/mysql2_driver.ts";
import { eventually } from "../support/eventually.ts";
import { firstRow, TestServer } from "../pool/fixture.ts";

const server = TestServer.forThisFile({
  schema: `CREATE TABLE players (id BIGINT PRIMARY KEY AUTO_INCREMENT, gold BIGINT NOT NULL);
    INSERT INTO players VALUES (1, 9007199254740993), (2, 5);
    CREATE TABLE kinds (
      id INT PRIMARY KEY, b BIGINT, u BIGINT UNSIGNED, d DECIMAL(30, 10), t DATETIME(3), day DATE,
      j JSON, bytes BLOB, s VARCHAR(40), f DOUBLE, flag TINYINT(1)
    )`,
});

async function withSession(
  test: (session: MysqlSession) => Promise<void>,
  options?: Mysql2DriverOptions,
): Promise<void> {
  const watch = new ScopeWatch({ clock: systemClock });
  const scope = watch.open({ timeoutMs: 10_000 });
  try {
    const session = await new Mysql2Driver(options).connect(server.target, scope);
    try {
      await test(session);
    } finally {
      await session.end();
    }
  } finally {
    scope.close();
    watch.close();
  }
}

function rowsOf(result: Rows | Ok): Rows {
  assert(result.kind === "rows");
  return result;
}

function okOf(result: Rows | Ok): Ok {
  assert(result.kind === "ok");
  return result;
}

const ALL_KINDS = "SELECT b, u, d, t, day, j, bytes, s, f, flag FROM kinds WHERE id = ?";
const INSERT_KINDS = `INSERT INTO kinds VALUES (?, CAST(? AS SIGNED), CAST(? AS UNSIGNED),
  CAST(? AS DECIMAL(30, 10)), ?, ?, ?, ?, ?, ?, ?)`;
const VALUES = [
  "-9223372036854775808",
  "18446744073709551615",
  "12345678901234567890.0123456789",
  "2024-02-29 23:59:59.125",
  "2024-02-29",
  '{"a": [1, "é😀"]}',
  new Uint8Array([0, 255, 39, 92, 10]),
  "quote ' \\ \" ? 😀",
  0.1,
  1,
];
const bytes = (row: readonly unknown[]) =>
  row.map((value) => value instanceof Uint8Array ? Uint8Array.from(value) : value);

Deno.test("Mysql2Session gives every kind of value back unchanged when it is bound", () =>
  withSession(async (session) => {
    okOf(await session.execute(INSERT_KINDS, [1, ...VALUES]));
    assertEquals(bytes(firstRow(await session.execute(ALL_KINDS, [1]))), VALUES);
    const nothing = VALUES.map(() => null);
    okOf(await session.execute(INSERT_KINDS, [2, ...nothing]));
    assertEquals(firstRow(await session.execute(ALL_KINDS, [2])), nothing);
  }));

Deno.test("Mysql2Session says which columns are JSON, unsigned and boolean when it answers", () =>
  withSession(async (session) => {
    const { columns } = rowsOf(await session.execute(ALL_KINDS, [1]));
    const column = (name: string) => columns.find((each) => each.name === name);
    assertEquals(column("j")?.type, 245);
    assertEquals((column("u")?.flags ?? 0) & 32, 32);
    assertEquals([column("flag")?.type, column("flag")?.length], [1, 1]);
    assertEquals([column("t")?.type, column("t")?.decimals], [12, 3]);
    assertEquals([column("bytes")?.charset, column("bytes")?.orgTable], [63, "kinds"]);
  }));

Deno.test("Mysql2Session sorts texts that are the same for hundreds of letters", () =>
  withSession(async (session) => {
    const text = "CONCAT(REPEAT('x', 1000), 9 - id)";
    const sorted = `SELECT id FROM players WHERE id < 3 ORDER BY ${text} LIMIT 1`;
    assertEquals(firstRow(await session.execute(sorted, [])), ["2"]);
  }));

Deno.test("Mysql2Session hands out one array of columns when they stay the same", () =>
  withSession(async (session) => {
    const sql = "SELECT id, gold FROM players WHERE id = CAST(? AS SIGNED)";
    const first = rowsOf(await session.execute(sql, ["1"]));
    const second = rowsOf(await session.execute(sql, ["2"]));
    assertStrictEquals(second.columns, first.columns);
    await server.node.sql("ALTER TABLE players CHANGE gold gold DECIMAL(20, 0) NOT NULL");
    const changed = rowsOf(await session.execute(sql, ["1"]));
    assertEquals(changed.columns[1]?.type, 246);
    await server.node.sql("ALTER TABLE players CHANGE gold gold BIGINT NOT NULL");
  }));

Deno.test("Mysql2Session keeps 64-bit arithmetic exact when integers are strings under a CAST", () =>
  withSession(async (session) => {
    const write = "UPDATE players SET gold = gold + CAST(? AS SIGNED) WHERE id = CAST(? AS SIGNED)";
    okOf(await session.execute(write, ["1", "1"]));
    const read = "SELECT gold FROM players WHERE id = CAST(? AS SIGNED)";
    assertEquals(firstRow(await session.execute(read, ["1"])), ["9007199254740994"]);
  }));

Deno.test("Mysql2Session limits rows when LIMIT is bound as a number", () =>
  withSession(async (session) => {
    const { rows } = rowsOf(
      await session.execute("SELECT id FROM players ORDER BY id LIMIT ?", [1]),
    );
    assertEquals(rows, [["1"]]);
  }));

Deno.test("Mysql2Session tells matched rows, generated ids and GTIDs when it writes", () =>
  withSession(async (session) => {
    const same = okOf(await session.execute("UPDATE players SET gold = gold WHERE id = ?", [2]));
    assertEquals([same.affectedRows, same.insertId, same.gtid], [1, "0", undefined]);
    const insert = okOf(await session.execute("INSERT INTO players (gold) VALUES (?)", [1]));
    assertEquals([insert.affectedRows, insert.insertId], [1, "3"]);
    assertEquals(insert.gtid, await server.value("SELECT @@gtid_binlog_pos"));
  }));

Deno.test("Mysql2Session fails with the server's number when the server refuses", () =>
  withSession(async (session) => {
    const sql = "INSERT INTO players VALUES (1, 1)";
    const error = await assertRejects(() => session.execute(sql, []), SqlError);
    assertEquals([error.kind, error.errno, error.sqlState], ["server", 1062, "23000"]);
    const syntax = await assertRejects(() => session.execute("SELEC 1", []), SqlError);
    assertEquals([syntax.errno, session.closed], [1064, false]);
    assertEquals(firstRow(await session.execute("SELECT 7", [])), [7]);
  }));

Deno.test("Mysql2Session runs one statement only when text holds two", () =>
  withSession(async (session) => {
    const error = await assertRejects(() => session.query("SELECT 1; SELECT 2"), SqlError);
    assertEquals(error.errno, 1064);
  }));

Deno.test("Mysql2Session describes a statement when it was not run", () =>
  withSession(async (session) => {
    const sql = "SELECT id, gold AS money FROM players WHERE id = ? LIMIT ?";
    const { columns, parameterCount } = await session.describe(sql);
    assertEquals(columns.map(({ name, type }) => [name, type]), [["id", 8], ["money", 8]]);
    assertEquals(parameterCount, 2);
    assertEquals((await session.describe(sql)).parameterCount, 2);
    await assertRejects(() => session.describe("SELECT nothing FROM nowhere"), SqlError);
  }));

Deno.test("Mysql2Session answers alike when the server has no room for prepared statements", () =>
  withSession(async (session) => {
    const limit = await server.value("SELECT @@max_prepared_stmt_count");
    await server.node.sql("SET GLOBAL max_prepared_stmt_count = 0");
    try {
      okOf(await session.execute(INSERT_KINDS, [3, ...VALUES]));
      const text = rowsOf(await session.execute(ALL_KINDS, [3]));
      assertEquals(bytes(text.rows[0] ?? []), VALUES);
      assertEquals(
        firstRow(
          await session.execute("SELECT ?, '?', `id` /* ? */ FROM players LIMIT ?", ["'", 1]),
        ),
        ["'", "?", "1"],
      );
      await session.query("SET sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES,ANSI_QUOTES')");
      const nasty = "\\' OR 1 = 1 -- ";
      assertEquals(firstRow(await session.execute("SELECT ?, ?", [nasty, ""])), [nasty, ""]);
      const error = await assertRejects(() => session.describe("SELECT 1"), SqlError);
      assertEquals(error.errno, 1461);
    } finally {
      await server.node.sql(`SET GLOBAL max_prepared_stmt_count = ${limit}`);
    }
  }));

Deno.test("Mysql2Session keeps a bounded number of prepared statements when it runs many", () =>
  withSession(async (session) => {
    const prepared = async () => {
      const [row] = await server.node.sql("SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'");
      return Number(row?.["Value"]);
    };
    const before = await prepared();
    const often = "SELECT 'often'";
    for (let number = 0; number < 200; number++) {
      assertEquals(firstRow(await session.execute(`SELECT ${number}`, [])), [number]);
      assertEquals(firstRow(await session.execute(often, [])), ["often"]);
    }
    await eventually(async () => await prepared() === before + 64);
    await session.reset();
    assertEquals(await prepared(), before);
    assertEquals(firstRow(await session.execute(often, [])), ["often"]);
  }));

Deno.test("Mysql2Session keeps nothing prepared when a statement is to run once", () =>
  withSession(async (session) => {
    const prepared = async () => {
      const [row] = await server.node.sql("SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'");
      return Number(row?.["Value"]);
    };
    const kept = "SELECT 'kept', ?";
    assertEquals(firstRow(await session.execute(kept, ["a"])), ["kept", "a"]);
    const before = await prepared();
    for (let number = 0; number < 100; number++) {
      const once = await session.execute(`SELECT ${number}, ?`, ["'"], true);
      assertEquals(firstRow(once), [number, "'"]);
    }
    const twice = "INSERT INTO players (id, gold) VALUES (?, 1), (?, 1)";
    for (const errno of [1062, 1062]) {
      const refused = await assertRejects(() => session.execute(twice, [1, 1], true), SqlError);
      assertEquals(refused.errno, errno);
    }
    await assertRejects(() => session.execute("SELECT nothing", [], true), SqlError);
    assertEquals(firstRow(await session.execute(kept, ["b"], true)), ["kept", "b"]);
    await eventually(async () => await prepared() === before);
    const limit = await server.value("SELECT @@max_prepared_stmt_count");
    await server.node.sql("SET GLOBAL max_prepared_stmt_count = 0");
    try {
      assertEquals(firstRow(await session.execute("SELECT 'text', ?", ["'"], true)), ["text", "'"]);
    } finally {
      await server.node.sql(`SET GLOBAL max_prepared_stmt_count = ${limit}`);
    }
  }));

Deno.test("Mysql2Session is set up when it was connected and when it was reset", () =>
  withSession(async (session) => {
    const state = "SELECT @@time_zone, @@session_track_system_variables, @@max_statement_time," +
      " @@sql_select_limit, @@character_set_connection, @mine";
    const setUp = ["+00:00", "last_gtid", 7.5, "1000", "utf8mb4", null];
    assertEquals(firstRow(await session.query(state)), setUp);
    await session.query("SET time_zone = '+05:00', max_statement_time = 0, @mine = 1");
    await session.reset();
    assertEquals(firstRow(await session.query(state)), setUp);
    const insert = okOf(await session.execute("INSERT INTO players (gold) VALUES (1)", []));
    assertEquals(insert.gtid, await server.value("SELECT @@gtid_binlog_pos"));
  }, { backstopMs: 7_500, maxRows: 1_000 }));

Deno.test("Mysql2Session ends a statement by itself when its backstop is reached", () =>
  withSession(async (session) => {
    const error = await assertRejects(() => session.execute("SELECT SLEEP(30)", []), SqlError);
    assertEquals([error.kind, error.errno], ["server", 1969]);
  }, { backstopMs: 50 }));

Deno.test("Mysql2Session refuses a command when one is under way", () =>
  withSession(async (session) => {
    const slow = session.execute("SELECT SLEEP(0.05)", []);
    await assertRejects(() => session.execute("SELECT 1", []), TypeError);
    await assertRejects(() => session.ping(), TypeError);
    assertEquals(firstRow(await slow), [0]);
    await session.ping();
  }));

Deno.test("Mysql2Session.detach hands the command over when one is under way", () =>
  withSession(async (session) => {
    assertEquals(session.detach(), undefined);
    const slow = session.execute("SELECT SLEEP(0.05)", []);
    const detached = session.detach();
    assert(detached !== undefined);
    detached.reject(new RangeError("taken"));
    await assertRejects(() => slow, RangeError);
    assertEquals(firstRow(await detached.end), [0]);
    assertEquals([session.detach(), firstRow(await session.query("SELECT 7"))], [undefined, [7]]);
  }));

Deno.test("Mysql2Session settles its command when it is destroyed", () =>
  withSession(async (session) => {
    let closed = 0;
    session.onClose(() => closed++);
    const slow = session.execute("SELECT SLEEP(30)", []);
    session.destroy();
    session.destroy();
    assertEquals((await assertRejects(() => slow, SqlError)).kind, "connection_lost");
    assertEquals([session.closed, closed], [true, 1]);
    await assertRejects(() => session.ping(), SqlError);
    session.onClose(() => closed++);
    assertEquals(closed, 2);
    await server.node.sql(`KILL ${session.threadId}`).catch(() => {});
  }));

Deno.test("Mysql2Session fails its command and closes when the server kills it", () =>
  withSession(async (session) => {
    const slow = session.execute("SELECT SLEEP(30)", []);
    const failed = assertRejects(() => slow, SqlError);
    await eventually(async () =>
      Number(
        await server.value(
          `SELECT COUNT(*) FROM information_schema.processlist WHERE id = ${session.threadId}` +
            " AND info LIKE '%SLEEP%'",
        ),
      ) === 1
    );
    await server.node.sql(`KILL ${session.threadId}`);
    const { kind, errno } = await failed;
    assert(kind === "connection_lost" || errno === 1927, `${kind} ${errno}`);
    await eventually(() => session.closed);
  }));

Deno.test("Mysql2Session reads a procedure's first result when it is called", () =>
  withSession(async (session) => {
    await server.node.sql("CREATE PROCEDURE both_results() BEGIN SELECT 1 AS a; SELECT 2; END");
    const result = rowsOf(await session.execute("CALL both_results()", []));
    assertEquals([result.rows, result.columns[0]?.name], [[[1]], "a"]);
    const again = rowsOf(await session.execute("CALL both_results()", []));
    assertEquals([again.rows, again.columns[0]?.name], [[[1]], "a"]);
    assertEquals(firstRow(await session.query("CALL both_results()")), [1]);
  }));

const bytesSent = async (session: MysqlSession) =>
  Number(firstRow(await session.query("SHOW SESSION STATUS LIKE 'Bytes_sent'"))[1]);

Deno.test("Mysql2Session has the server leave columns out when it knows them", () =>
  withSession(async (session) => {
    const name = "n".repeat(60);
    const sql = `SELECT id AS a${name}, id AS b${name}, id AS c${name} FROM players WHERE id = ?`;
    rowsOf(await session.execute(sql, [1]));
    const asking = -await bytesSent(session) + await bytesSent(session);
    const before = await bytesSent(session);
    const { columns, rows } = rowsOf(await session.execute(sql, [2]));
    const sent = await bytesSent(session) - before - asking;
    assert(sent < 100, `${sent} bytes, where the names alone are 183`);
    assertEquals([rows, columns.map((each) => each.name[0])], [[["2", "2", "2"]], ["a", "b", "c"]]);
  }));

Deno.test("Mysql2Session reads what the server sends when columns change between two runs", async (t) => {
  await withSession(async (session) => {
    await t.step("with their parameters", async () => {
      for (const value of [1, "text", null, 0.5, new Uint8Array([1, 255]), "a longer text", 2]) {
        assertEquals(bytes(firstRow(await session.execute("SELECT ? AS it", [value]))), [value]);
      }
    });
    await t.step("with their table", async () => {
      await server.node.sql("CREATE TABLE changing (id INT PRIMARY KEY, it INT)");
      await server.node.sql("INSERT INTO changing VALUES (1, 7)");
      const read = async () => {
        const { rows, columns } = rowsOf(await session.execute("SELECT * FROM changing", []));
        return [rows, columns.map(({ name, type }) => `${name} ${type}`)];
      };
      assertEquals(await read(), [[[1, 7]], ["id 3", "it 3"]]);
      assertEquals(await read(), [[[1, 7]], ["id 3", "it 3"]]);
      await server.node.sql("ALTER TABLE changing MODIFY it BIGINT");
      assertEquals(await read(), [[[1, "7"]], ["id 3", "it 8"]]);
      assertEquals(await read(), [[[1, "7"]], ["id 3", "it 8"]]);
      await server.node.sql("ALTER TABLE changing MODIFY it VARCHAR(9), ADD more INT DEFAULT 5");
      assertEquals(await read(), [[[1, "7", 5]], ["id 3", "it 253", "more 3"]]);
      assertEquals(await read(), [[[1, "7", 5]], ["id 3", "it 253", "more 3"]]);
      await server.node.sql("ALTER TABLE changing DROP it");
      assertEquals(await read(), [[[1, 5]], ["id 3", "more 3"]]);
    });
    await t.step("for they are known only when it has run", async () => {
      await server.node.sql("CREATE TABLE told (id BIGINT PRIMARY KEY, it INT)");
      const insert = "INSERT INTO told VALUES (?, ?) RETURNING id, it";
      for (const id of [1, 2]) {
        const { rows, columns } = rowsOf(await session.execute(insert, [id, 10]));
        assertEquals([rows, columns.map((each) => each.name)], [[[`${id}`, 10]], ["id", "it"]]);
      }
      const command = (id: number) => ({ sql: insert, values: [id, 10] });
      const { answers, whole } = await session.transact([command(3), command(1), command(4)]);
      assertEquals(whole, true);
      assertEquals(
        answers.map((each) => each instanceof SqlError ? each.errno : rowsOf(each).rows),
        [[["3", 10]], 1062, [["4", 10]]],
      );
    });
    await t.step("for they are told first among several answers that come at once", async () => {
      const command = (id: number) => ({
        sql: "INSERT INTO told VALUES (?, ?) RETURNING it, id AS fresh",
        values: [id, 10],
      });
      const { answers } = await session.transact([5, 6, 7].map(command));
      assertEquals(
        answers.map((each) => each instanceof SqlError ? each.errno : rowsOf(each).rows),
        [[[10, "5"]], [[10, "6"]], [[10, "7"]]],
      );
    });
    await t.step("and the first run fails after it has told them", async () => {
      await server.node.sql("CREATE TABLE failing (id INT PRIMARY KEY, it INT)");
      await server.node.sql("INSERT INTO failing SELECT seq, seq FROM seq_1_to_20000");
      const sql = `SELECT it, REPEAT('x', 200), IF(id < ?, 1, (SELECT id FROM failing WHERE id < 3))
        FROM failing ORDER BY id`;
      const first = async () => rowsOf(await session.execute(sql, [30_000])).rows[0]?.[0];
      assertEquals(await first(), 1);
      await server.node.sql("ALTER TABLE failing MODIFY it BIGINT");
      const error = await assertRejects(() => session.execute(sql, [15_000]), SqlError);
      assertEquals(error.errno, 1242);
      assertEquals(await first(), "1");
    });
  });
});

Deno.test("Mysql2Session reads results of any shape when their columns are left out", async (t) => {
  await withSession(async (session) => {
    await t.step("no rows", async () => {
      const sql = "SELECT id FROM players WHERE id = ?";
      for (const _ of [1, 2, 3]) assertEquals(rowsOf(await session.execute(sql, [-1])).rows, []);
    });
    await t.step("more columns than a byte counts", async () => {
      const numbers = Array.from({ length: 300 }, (_, at) => at);
      const sql = `SELECT ${numbers.map((at) => `${at} AS c${at}`).join(", ")}`;
      for (const _ of [1, 2]) assertEquals(firstRow(await session.execute(sql, [])), numbers);
    });
    await t.step("BIGINTs on both sides of what a number holds", async () => {
      const edges = [0n, 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n];
      const signed = [...edges, 2n ** 53n + 1n, 2n ** 63n - 1n].flatMap((each) => [each, -each]);
      const unsigned = [...edges, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n];
      // Sums with a BIGINT are BIGINTs, however short the number is.
      for (
        const [sum, values] of [["SIGNED) + 0 * id", signed], [
          "UNSIGNED) + 0 * u",
          unsigned,
        ]] as const
      ) {
        const from = "(SELECT 1 AS id, CAST(18446744073709551615 AS UNSIGNED) AS u) AS one";
        const sql = `SELECT ${values.map(() => `CAST(? AS ${sum}`).join(", ")} FROM ${from}`;
        const texts = values.map(String);
        for (const _ of [1, 2]) {
          const { rows, columns } = rowsOf(await session.execute(sql, texts));
          assertEquals([rows, columns[0]?.type], [[texts], 8]);
        }
      }
      assertEquals(firstRow(await session.execute("SELECT -9223372036854775808, ?", ["x"])), [
        "-9223372036854775808",
        "x",
      ]);
    });
    await t.step("a row of over 16 MiB, in several packets", async () => {
      const sql = "SELECT REPEAT('x', 17000000) AS it, ? AS after";
      await server.node.sql("SET GLOBAL max_allowed_packet = 67108864");
      await withSession(async (wide) => {
        for (const after of ["a", "b"]) {
          const [text, last] = firstRow(await wide.execute(sql, [after]));
          assertEquals([String(text).length, last], [17_000_000, after]);
        }
      });
    });
    await t.step("rows that end in an error", async () => {
      await server.node.sql("CREATE TABLE steps (id INT PRIMARY KEY)");
      await server.node.sql("INSERT INTO steps SELECT seq FROM seq_1_to_20000");
      const sql = `SELECT id, REPEAT('x', 200), IF(id < ?, 1, (SELECT id FROM steps WHERE id < 3))
        FROM steps ORDER BY id`;
      assertEquals(rowsOf(await session.execute(sql, [30_000])).rows.length, 20_000);
      const error = await assertRejects(() => session.execute(sql, [15_000]), SqlError);
      assertEquals(error.errno, 1242);
      assertEquals(rowsOf(await session.execute(sql, [30_000])).rows.length, 20_000);
    });
    assertEquals(firstRow(await session.execute("SELECT 7", [])), [7]);
  });
});

Deno.test("Mysql2Session.transact answers each statement when one of them is refused", async () => {
  await withSession(async (session) => {
    const insert = "INSERT INTO players (id, gold) VALUES (CAST(? AS SIGNED), CAST(? AS SIGNED))";
    const read = "SELECT gold FROM players WHERE id = CAST(? AS SIGNED)";
    for (let round = 0; round < 3; round++) {
      const { answers, whole, committed } = await session.transact([
        { sql: insert, values: ["900", "1"] },
        { sql: insert, values: ["900", "2"] },
        { sql: read, values: ["900"] },
        { sql: insert, values: ["901", "3"] },
        { sql: "ROLLBACK", values: [] },
        { sql: read, values: ["900"] },
      ]);
      assertEquals([whole, okOf(committed as Ok).inTransaction], [false, false]);
      const told = answers.map((answer) => {
        if (answer instanceof SqlError) return answer.errno;
        return answer.kind === "ok" ? [answer.affectedRows, answer.inTransaction] : answer.rows;
      });
      assertEquals(told, [[1, true], 1062, [["1"]], [1, true], [0, false], []]);
    }
  });
});

Deno.test("Mysql2Session.transact keeps its statements prepared when it has room for no more", async () => {
  await withSession(async (session) => {
    for (let n = 0; n < 64; n++) for (const _ of [1, 2]) await session.execute(`SELECT ${n}`, []);
    for (let from = 0; from < 90; from += 30) {
      const commands = Array.from({ length: 60 }, (_, at) => {
        return { sql: `SELECT ${1_000 + from + at}`, values: [] };
      });
      const { answers, whole } = await session.transact(commands);
      assertEquals(whole, true);
      assertEquals(
        answers.map((answer) => rowsOf(answer as Rows).rows[0]?.[0]),
        commands.map((_, at) => 1_000 + from + at),
      );
    }
  });
});

Deno.test("Mysql2Session.transact runs nothing when one of its statements cannot be prepared", async () => {
  await withSession(async (session) => {
    const commands = ["UPDATE players SET gold = 0 WHERE id = 2", "UPDATE nobody SET gold = 0"];
    const error = await assertRejects(
      () => session.transact(commands.map((sql) => ({ sql, values: [] }))),
      SqlError,
    );
    assertEquals(error.errno, 1146);
    assertEquals(firstRow(await session.query("SELECT gold FROM players WHERE id = 2")), ["5"]);
  });
});

Deno.test("Mysql2Session.transact fails as a whole when its connection is lost", async () => {
  await withSession(async (session) => {
    const texts = ["SELECT 1", "SELECT SLEEP(5)", "SELECT 2"];
    const failure = assertRejects(
      () => session.transact(texts.map((sql) => ({ sql, values: [] }))),
      SqlError,
    );
    await withSession(async (other) => {
      await eventually(async () => {
        const rows = await other.query(
          "SELECT 1 FROM information_schema.processlist WHERE state = 'User sleep'",
        );
        return rowsOf(rows).rows.length === 1;
      });
      await other.query(`KILL CONNECTION ${session.threadId}`);
    });
    const { kind } = await failure;
    assertEquals([kind, session.closed], ["connection_lost", true]);
  });
});

const NEVER_ENDS = "SELECT seq, REPEAT('x', 1000) AS pad FROM seq_1_to_2000000000 LIMIT ?";

/** What a session takes of what never ends; it reads columns that it knows by itself, else mysql2 does. */
async function readTooMuch(
  options: Mysql2DriverOptions,
  { known }: { readonly known: boolean },
): Promise<Rows> {
  let result: Rows | undefined;
  await withSession(async (session) => {
    if (known) await session.execute(NEVER_ENDS, [0]);
    assertEquals(session.closed, false);
    result = rowsOf(await session.execute(NEVER_ENDS, [2_000_000_000]));
    assertEquals(session.closed, true);
    await assertRejects(() => session.execute("SELECT 1", []), SqlError);
  }, options);
  assert(result !== undefined);
  return result;
}

for (const known of [true, false]) {
  const which = known ? "columns that are known" : "new columns";
  Deno.test(`Mysql2Session gives a read up when it has too many rows of ${which}`, async () => {
    const { excess, rows, columns } = await readTooMuch({ maxRows: 100 }, { known });
    assertEquals([excess, rows.length, rows[100]?.[0]], [true, 101, "101"]);
    assertEquals(columns.map(({ name }) => name), ["seq", "pad"]);
  });

  Deno.test(`Mysql2Session gives a read up when it has too many bytes of ${which}`, async () => {
    const { excess, rows } = await readTooMuch({ maxBytes: 50_000 }, { known });
    assertEquals([excess, rows.length > 40, rows.length < 50], [true, true, true]);
    // The server does not go on without its reader.
    const running = "SELECT COUNT(*) FROM information_schema.processlist " +
      "WHERE user = 'realmgate' AND info LIKE '%REPEAT%'";
    await eventually(async () => Number(await server.value(running)) === 0);
  });
}

Deno.test("Mysql2Session reads a result whole when it has as many rows as are taken", () =>
  withSession(async (session) => {
    for (let time = 0; time < 2; time++) {
      const { excess, rows } = rowsOf(await session.execute(NEVER_ENDS, [100]));
      assertEquals([excess, rows.length], [undefined, 100]);
    }
  }, { maxRows: 100 }));

Deno.test("Mysql2Session reads what a write returns to its end when it is too much", () =>
  withSession(async (session) => {
    const add = "INSERT INTO players (gold) SELECT 7 FROM seq_1_to_300 RETURNING id";
    assertEquals(rowsOf(await session.execute(add, [])).rows.length, 300);
    okOf(await session.execute("DELETE FROM players WHERE gold = 7", []));
  }, { maxRows: 100 }));
