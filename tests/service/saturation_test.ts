import { assertEquals } from "@std/assert";
import { median } from "../bench/figures.ts";
import { realmWith, testRealm } from "../support/realm.ts";

const STATEMENTS = `
-- name: test.sleep :one
-- @shard s1
-- @param seconds double min=0 max=30
-- @timeout 30s
SELECT SLEEP(:seconds) AS slept;
`;

Deno.test("Service refuses the excess of 200 clients at once and recovers after the burst", async () => {
  const folder = await realmWith(STATEMENTS);
  await using realm = await testRealm({ realm: folder });
  const { service, client } = await realm.serve({
    isolates: 1,
    env: { REALMGATE_POOL_MAX: "4", REALMGATE_POOL_WAITERS: "4" },
  });
  const call = async () => {
    const began = performance.now();
    const answer = await client.get("/v1/query/test.sleep?seconds=0.1", {
      "realmgate-consistency": "strong",
    });
    return { ...answer, tookMs: performance.now() - began };
  };
  await Promise.all(Array.from({ length: 4 }, call));
  const memory = async () => {
    const status = await Deno.readTextFile(`/proc/${service.pid}/status`);
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1_024;
  };
  const before = await memory();
  const refusals: number[] = [];
  for (let burst = 0; burst < 10; burst++) {
    for (const answer of await Promise.all(Array.from({ length: 200 }, call))) {
      if (answer.status === 200) continue;
      assertEquals([answer.status, answer.body["code"]], [503, "pool_saturated"]);
      assertEquals(answer.body["outcome"], "not_applied");
      assertEquals(answer.body["retry"], "later");
      assertEquals(Number(answer.headers.get("retry-after")) >= 1, true);
      refusals.push(answer.tookMs);
    }
  }
  console.log(
    `refused ${refusals.length} of 2,000, median ${
      median(refusals).toFixed(1)
    } ms (client included)`,
  );
  assertEquals(refusals.length >= 1_500, true);
  assertEquals((await memory()) - before < 64 * 1_048_576, true);
  const after = await call();
  assertEquals(after.status, 200);
  console.log(`after the burst: ${after.tookMs.toFixed(0)} ms, its own 100 included`);
});
