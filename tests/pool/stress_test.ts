import { assert, assertEquals } from "@std/assert";
import { RealmgateError } from "../../src/core/errors.ts";
import { seededRandom } from "../../src/core/random.ts";
import { SqlError } from "../../src/drivers/mysql.ts";
import { InterruptedError } from "../../src/pool/interrupted_error.ts";
import { eventually } from "../support/eventually.ts";
import { firstRow, PoolFixture, TestServer } from "./fixture.ts";

const server = TestServer.forThisFile({
  schema: "CREATE TABLE counters (id INT PRIMARY KEY, n BIGINT NOT NULL);" +
    "INSERT INTO counters VALUES (1, 0)",
});

const MAX = 4;
const BORROWERS = 12;
const TURNS = 60;

for (const seed of [1, 2, 3]) {
  Deno.test(`ConnectionPool keeps one owner per connection when used at random, seed ${seed}`, async () => {
    const random = seededRandom(seed);
    const below = (bound: number) => Math.floor(random.next() * bound);
    const options = {
      max: MAX,
      validateAfterIdleMs: 5,
      maxLifetimeMs: 400,
      waitersPerConnection: 2,
    };
    await using fixture = new PoolFixture({ target: server.target, ...options }, { seed });
    const { pool } = fixture;
    const before = Number(await server.value("SELECT n FROM counters"));
    const owners = new Set<unknown>();
    let applied = 0;
    let unknown = 0;

    async function turn(): Promise<void> {
      const scope = fixture.watch.open({ timeoutMs: 5 + below(60) });
      try {
        const lease = await pool.acquire({ scope, label: "stress" });
        let id: unknown;
        try {
          [id] = firstRow(await lease.execute("SELECT CONNECTION_ID()", [], { scope }));
          assert(!owners.has(id), `session ${id} has two owners`);
          owners.add(id);
          const echo = below(1_000_000);
          switch (below(6)) {
            case 0:
              await lease.execute("SELECT SLEEP(10)", [], { scope });
              break;
            case 1:
              await lease.query("SET @left_over = 1", { scope });
              break;
            case 2:
              if (random.next() < 0.1) await server.node.sql(`KILL ${id}`).catch(() => {});
              break;
            case 3:
              scope.end("client_closed");
              break;
            case 4: {
              const write = "UPDATE counters SET n = n + 1 WHERE id = 1";
              await lease.execute(write, [], { scope, settle: true });
              applied++;
              break;
            }
            default: {
              const row = firstRow(
                await lease.execute(`SELECT ${echo}, @left_over`, [], { scope }),
              );
              assertEquals(row, [echo, null]);
            }
          }
        } catch (error) {
          if (error instanceof InterruptedError && error.outcome === "unknown") unknown++;
          if (error instanceof SqlError && error.kind === "connection_lost") unknown++;
          throw error;
        } finally {
          owners.delete(id);
          pool.release(lease);
          if (random.next() < 0.2) pool.release(lease);
        }
      } catch (error) {
        const expected = error instanceof InterruptedError || error instanceof RealmgateError ||
          error instanceof SqlError;
        if (!expected) throw error;
      } finally {
        scope.close();
      }
    }

    let running = BORROWERS;
    const borrowers = Array.from({ length: BORROWERS }, async () => {
      for (let turns = 0; turns < TURNS; turns++) {
        await turn();
        const { connecting, idle, inUse, validating } = pool.stats();
        assert(connecting + idle + inUse + validating <= MAX, "more connections than max");
        if (random.next() < 0.1) pool.upkeep();
      }
      running--;
    });
    const census = (async () => {
      // One session more may stop commands. Sessions that were closed stay in the server's list
      // until it has seen them off, which takes it the longer the busier it is: more than MAX of
      // them may stand there for a moment, but a leak would stay.
      while (running > 0) {
        await eventually(async () => await server.sessions() <= MAX + 1 + MAX, {
          what: "the server to have no more sessions than the pool may hold",
        });
      }
    })();
    await Promise.all([...borrowers, census]);

    await eventually(() => pool.stats().validating === 0 && pool.stats().inUse === 0);
    assertEquals(pool.stats().waiting, 0);
    const n = Number(await server.value("SELECT n FROM counters")) - before;
    assert(
      n >= applied && n <= applied + unknown,
      `${n} writes, ${applied} known, ${unknown} unknown`,
    );
    const whole = await Promise.all(Array.from({ length: MAX }, () => fixture.lease()));
    for (const lease of whole) pool.release(lease);
    await pool.shutdown();
    await eventually(async () => await server.sessions() === 0);
  });
}
