import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { systemClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { systemRandom } from "../../src/core/random.ts";
import { ScopeWatch } from "../../src/core/scope.ts";
import { Mysql2Driver } from "../../src/drivers/mysql2_driver.ts";
import { ConnectionPoolManager } from "../../src/pool/connection_pool_manager.ts";
import { eventually } from "../support/eventually.ts";
import { TestServer } from "./fixture.ts";

const server = TestServer.forThisFile();

function managerWith(watch: ScopeWatch): ConnectionPoolManager {
  const parts = { driver: new Mysql2Driver(), clock: systemClock, random: systemRandom };
  return new ConnectionPoolManager({ ...parts, log: silentLog, watch });
}

Deno.test("ConnectionPoolManager opens, finds and closes its pools when it is told to", async () => {
  const watch = new ScopeWatch({ clock: systemClock });
  const manager = managerWith(watch);
  const [a, b] = ["a", "b"].map((name) =>
    manager.createPool({ name, target: server.target, min: 2 })
  );
  assertStrictEquals(manager.getPool("a"), a);
  assertStrictEquals(manager.getPool("b"), b);
  await manager.initializeAll();
  assertEquals(manager.stats().map(({ name, idle }) => [name, idle]), [["a", 2], ["b", 2]]);
  assertEquals(await server.sessions(), 4);
  manager.upkeep();
  await manager.shutdownAll();
  await eventually(async () => await server.sessions() === 0);
  watch.close();
});

Deno.test("ConnectionPoolManager refuses a name when it is taken or unknown", () => {
  const watch = new ScopeWatch({ clock: systemClock });
  const manager = managerWith(watch);
  manager.createPool({ name: "a", target: server.target });
  assertThrows(() => manager.createPool({ name: "a", target: server.target }), TypeError, '"a"');
  assertThrows(() => manager.getPool("b"), TypeError, '"b"');
});
