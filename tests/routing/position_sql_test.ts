import { assert, assertEquals, assertRejects } from "@std/assert";
import { systemClock } from "../../src/core/clock.ts";
import { ScopeWatch } from "../../src/core/scope.ts";
import { Mysql2Driver } from "../../src/drivers/mysql2_driver.ts";
import { parsePosition } from "../../src/routing/gtid_position.ts";
import { NodeProbe } from "../../src/routing/node_probe.ts";
import { APPLIED, COMMITTED } from "../../src/routing/position_sql.ts";
import type { Observation } from "../../src/routing/topology_state.ts";
import { ok, row, withMysqlWire } from "../drivers/mysql_wire.ts";
import { TestServer } from "../pool/fixture.ts";

const server = TestServer.forThisFile();

const UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

/** What a MySQL server reads, by its rules for comments; `undefined` for one before 8.0. */
function asMysql(sql: string, version: number | undefined): string {
  return sql.replaceAll(/\/\*M!.*?\*\//gs, "")
    .replaceAll(/\/\*!80000(.*?)\*\//gs, version === undefined ? "" : "$1");
}

/** Evaluates what MySQL 8 reads, with values in the place of variables that only it has. */
async function evaluated(sql: string, values: Readonly<Record<string, string>>): Promise<unknown> {
  let text = asMysql(sql, 8);
  for (const [name, value] of Object.entries(values)) {
    text = text.replaceAll(`@@global.${name}`, `'${value}'`);
  }
  assert(!text.includes("@@"), text);
  return await server.value(`SELECT ${text}`);
}

Deno.test("positions in SQL are MariaDB's own on MariaDB", async () => {
  await server.node.sql(`CREATE TABLE ${server.node.database}.t (id INT)`);
  const [one, other] = [`SELECT ${COMMITTED}`, "SELECT @@global.gtid_binlog_pos"];
  assertEquals(await server.value(one), await server.value(other));
  assert(parsePosition(String(await server.value(one)))?.form === "mariadb");
  await server.node.sql("SET GLOBAL gtid_slave_pos = CONCAT(@@gtid_binlog_pos, ',7-9-11')");
  const applied = String(await server.value(`SELECT ${APPLIED}`));
  assertEquals(applied, await server.value("SELECT @@global.gtid_slave_pos"));
  assert(applied.endsWith(",7-9-11"), applied);
});

Deno.test("positions in SQL are MySQL 8's variables there, and nothing on older servers", async () => {
  for (const sql of [APPLIED, COMMITTED]) {
    assertEquals(await server.value(`SELECT ${asMysql(sql, undefined)}`), null);
    const error = await assertRejects(() => server.node.sql(`SELECT ${asMysql(sql, 8)}`));
    // Whole and well-formed, but not for this server.
    assert(String(error).includes("Unknown system variable"), String(error));
  }
});

Deno.test("COMMITTED counts what a MySQL session still owns, for it may be seen already", async () => {
  const at = { log_bin: "1", gtid_mode: "ON", gtid_executed: `${UUID}:1-6`, gtid_owned: "" };
  const committed = (change = {}) => evaluated(COMMITTED, { ...at, ...change });
  assertEquals(await committed(), `${UUID}:1-6`);
  const owned = await committed({ gtid_owned: `${UUID}:7#31:8#32` });
  assertEquals(owned, `${UUID}:7:8,${UUID}:1-6`);
  assertEquals(parsePosition(String(owned)), parsePosition(`${UUID}:1-8`));
  assertEquals(await committed({ gtid_owned: `${UUID}:1#31`, gtid_executed: "" }), `${UUID}:1`);
  assertEquals(await committed({ gtid_mode: "ON_PERMISSIVE" }), `${UUID}:1-6`);
  for (const change of [{ gtid_mode: "OFF" }, { gtid_mode: "OFF_PERMISSIVE" }, { log_bin: "0" }]) {
    assertEquals(await committed(change), null, Object.keys(change)[0]);
  }
  assertEquals(await evaluated(APPLIED, { gtid_executed: `${UUID}:1-6` }), `${UUID}:1-6`);
});

Deno.test("NodeProbe tells a MySQL server's positions when it looks at one", async () => {
  const answer = (sql: string) => {
    if (sql.startsWith("SET ")) return [ok()];
    if (sql === "SELECT @@version") return row("8.0.36");
    if (sql === "SHOW GRANTS") return row("GRANT REPLICATION CLIENT ON *.* TO `service`@`%`");
    const state = ["0", "8.0.36", "500", "3", null, null, "1800000000000000"];
    return row(...state, `${UUID}:1-5`, `${UUID}:1-6`);
  };
  await withMysqlWire(answer, async ({ target, queries }) => {
    const watch = new ScopeWatch({ clock: systemClock });
    const seen: Observation[] = [];
    const probe = new NodeProbe({
      node: "n",
      target,
      driver: new Mysql2Driver(),
      clock: systemClock,
      watch,
      timeoutMs: 5_000,
      onLook: (observation) => seen.push(observation),
    });
    try {
      await probe.look();
      const [look] = seen;
      assertEquals([look?.up, look?.trouble, look?.writable], [true, undefined, true]);
      assertEquals([look?.position, look?.committed], [`${UUID}:1-5`, `${UUID}:1-6`]);
      const asked = queries.at(-1) ?? "";
      assert(asked.includes("FROM performance_schema.global_status"), asked);
      assert(asMysql(asked, 8).includes("@@global.gtid_executed"), asked);
    } finally {
      await probe.close();
      watch.close();
    }
  });
});
