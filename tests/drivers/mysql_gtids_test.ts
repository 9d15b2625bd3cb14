import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { systemClock } from "../../src/core/clock.ts";
import { ScopeWatch } from "../../src/core/scope.ts";
import type { MysqlSession } from "../../src/drivers/mysql.ts";
import { Mysql2Driver } from "../../src/drivers/mysql2_driver.ts";
import { parsePosition } from "../../src/routing/gtid_position.ts";
import { bytes, lengthEncoded, ok, type Payload, text, withMysqlWire } from "./mysql_wire.ts";

const UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
const OTHER = "4e11fa47-71ca-11e1-9e33-c80aa9429562";

/** SESSION_TRACK_GTIDS: the type, the length of the rest, the encoding specification, the set. */
function gtidState(set: string): Payload {
  return bytes(0x03, lengthEncoded(bytes(0x00, lengthEncoded(text(set)))));
}

/** SESSION_TRACK_SYSTEM_VARIABLES, which a server may send beside. */
const VARIABLE = bytes(
  0x00,
  lengthEncoded(bytes(lengthEncoded(text("time_zone")), lengthEncoded(text("+00:00")))),
);

async function withSession(
  states: readonly Payload[],
  test: (session: MysqlSession, queries: readonly string[]) => Promise<void>,
): Promise<void> {
  const left = [...states];
  const answer = (sql: string) => [ok(sql.startsWith("SET ") ? undefined : left.shift())];
  await withMysqlWire(answer, async ({ target, queries }) => {
    const watch = new ScopeWatch({ clock: systemClock });
    const scope = watch.open({ timeoutMs: 10_000 });
    const session = await new Mysql2Driver().connect(target, scope);
    try {
      await test(session, queries);
    } finally {
      session.destroy();
      scope.close();
      watch.close();
    }
  });
}

async function gtidsOf(states: readonly Payload[]): Promise<(string | undefined)[]> {
  const gtids: (string | undefined)[] = [];
  await withSession(states, async (session) => {
    for (const _ of states) {
      const answer = await session.query("UPDATE t SET a = 1");
      assert(answer.kind === "ok" && answer.affectedRows === 1);
      gtids.push(answer.gtid);
    }
  });
  return gtids;
}

Deno.test("gtidState writes the bytes that MySQL's documentation shows", () => {
  const hex = gtidState(`${UUID}:23`).toHex();
  const uuid = "33653131666134372d373163612d313165312d396533332d633830616139343239353632";
  assertEquals(hex, `03290027${uuid}3a3233`);
});

Deno.test("Mysql2Session tells a write's GTID when MySQL reports it in its OK", async () => {
  const states = [gtidState(`${UUID}:23`), bytes(), bytes(VARIABLE, gtidState(`${UUID}:24`))];
  assertEquals(await gtidsOf(states), [`${UUID}:23`, undefined, `${UUID}:24`]);
});

Deno.test("Mysql2Session tells all GTIDs when one OK reports those of several servers", async () => {
  const set = `${UUID}:5-7:9,\n${OTHER}:3`;
  const long = Array.from({ length: 9 }, (_, n) => `${n}${UUID.slice(1)}:${n + 1}`).join(",\n");
  assert(long.length > 250);
  const [gtids, many] = await gtidsOf([gtidState(set), gtidState(long)]);
  assertEquals([gtids, many], [set, long]);
  assertEquals(parsePosition(gtids ?? "")?.gtids.size, 2);
  assertEquals(parsePosition(many ?? "")?.gtids.size, 9);
});

Deno.test("Mysql2Driver asks a MySQL server for the GTIDs of a session's own writes, after a reset too", () =>
  withSession([], async (session, queries) => {
    await session.reset();
    assertEquals(queries.length, 2);
    for (const sql of queries) assertStringIncludes(sql, "session_track_gtids = 'OWN_GTID'");
  }));
