import { assert, assertEquals } from "@std/assert";
import type { System } from "./cache/events.ts";
import type { Fault } from "./cache/fault.ts";
import { killedBeforeCommit } from "./cache/faults/killed_before_commit.ts";
import { redisStoppedFor } from "./cache/faults/redis_stopped.ts";
import { subscribersKilled } from "./cache/faults/subscribers_killed.ts";
import type { Findings } from "./cache/findings.ts";
import { runPhase } from "./cache/phase.ts";
import { STATEMENTS } from "./cache/statements.ts";
import { Arena } from "./support/arena.ts";

/** For longer than any lease, and than the bound. */
const redisStopped = redisStoppedFor(6_000);

/** What is promised whatever the machine's speed, by reads some of which came from caches. */
function assertKept(found: Findings): void {
  const { stale, lostWrites, hung, cachedShare, violations } = found;
  const told = violations.join("\n");
  assertEquals({ stale, lostWrites, hung }, { stale: 0, lostWrites: 0, hung: 0 }, told);
  assert(cachedShare > 0.1, told);
}

Deno.test("Service answers nothing staler than it promises when trouble comes", async (t) => {
  await using arena = await Arena.start("server", { statements: STATEMENTS });
  if (arena === undefined) throw new TypeError("every machine can start a Redis server");
  const run = (fault: Fault, system: System) =>
    runPhase(arena, { fault, system, length: { seconds: 0, rounds: 1 } });

  await t.step("Redis hangs for longer than any lease", async () => {
    assertKept(await run(redisStopped, "realmgate"));
  });
  await t.step("a cache that lives by messages alone is stale then", async () => {
    assert((await run(redisStopped, "control")).stale > 0);
  });
  await t.step("messages are lost", async () => {
    assertKept(await run(subscribersKilled, "realmgate"));
  });
  await t.step("a process is killed with writes that commit after its death", async () => {
    assertKept(await run(killedBeforeCommit, "realmgate"));
  });
});
