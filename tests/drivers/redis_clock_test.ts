import { assert, assertEquals } from "@std/assert";
import { redisScript } from "../../src/drivers/redis.ts";
import { redisCommand } from "../support/redis_command.ts";
import { steppedClock } from "../support/stepped_clock.ts";
import { withRedis } from "./redis_fixture.ts";

const TIME = redisScript(
  "local t = redis.call('time'); return string.format('%.0f', t[1] * 1000 + t[2] / 1000)",
);

Deno.test("steppedClock steps Redis's time and its expiries, and no connection, when it is set", async () => {
  const folder = await Deno.makeTempDir({ prefix: "realmgate-clock-" });
  const clock = await steppedClock(folder);
  if (clock === undefined) {
    console.warn("Not tested: a server's clock cannot be stepped here, libfaketime is missing");
    return await Deno.remove(folder);
  }
  await withRedis(async (server, connect) => {
    const client = connect();
    const states: string[] = [];
    await client.start();
    client.onState((state) => states.push(state));
    const aheadMs = async () =>
      Number(await client.run(TIME, { keys: ["{t}:k"], args: [] })) - Date.now();
    for (const offsetMs of [0, -10_000, 10_000, 250, -1_500, 0]) {
      await clock.set(offsetMs);
      const ms = await aheadMs();
      assert(Math.abs(ms - offsetMs) < 200, `${ms} ms ahead, set to ${offsetMs}`);
    }
    await redisCommand(server, "SET {t}:short 1 PX 5000");
    await clock.set(-10_000);
    const left = Number((await redisCommand(server, "PTTL {t}:short")).slice(1));
    assert(left > 14_000, `expires in ${left} ms`);
    await clock.set(10_000);
    assertEquals(await redisCommand(server, "EXISTS {t}:short"), ":0\r\n");
    await client.ping();
    assertEquals(states, []);
  }, { env: clock.env });
  await Deno.remove(folder, { recursive: true });
});
