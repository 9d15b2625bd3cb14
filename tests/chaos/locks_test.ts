import { assert, assertEquals } from "@std/assert";
import type { Fault } from "./locks/fault.ts";
import { holderStopped } from "./locks/faults/holder_stopped.ts";
import { redisStopped } from "./locks/faults/redis_stopped.ts";
import { serviceKilled } from "./locks/faults/service_killed.ts";
import type { Findings } from "./locks/findings.ts";
import { runPhase } from "./locks/phase.ts";
import { Arena } from "./support/arena.ts";

/** What is promised whatever the machine's speed; `deno task chaos:locks` checks the line's order too. */
function assertKept(found: Findings): void {
  const { overlaps, fenceFaults, staleWrites, worstRecoveryMs } = found;
  assertEquals({ overlaps, fenceFaults, staleWrites }, {
    overlaps: 0,
    fenceFaults: 0,
    staleWrites: 0,
  }, found.violations.join("\n"));
  assert(found.handOvers > 0);
  assert(worstRecoveryMs < 10_000, `recovered after ${worstRecoveryMs} ms`);
}

Deno.test("Service keeps what its locks promise when clients contend and trouble comes", async (t) => {
  await using arena = await Arena.start("server");
  if (arena === undefined) throw new TypeError("every machine can start a Redis server");
  const run = (fault: Fault, system: "realmgate" | "control", rounds: number) =>
    runPhase(arena, { fault, system, length: { seconds: 0, rounds } });

  await t.step("a holder that was stopped past its time writes in vain", async () => {
    const found = await run(holderStopped, "realmgate", 2);
    assertKept(found);
    assert(found.refusedWrites >= 2);
  });
  await t.step("under a lock without fences the same write lands", async () => {
    assert((await run(holderStopped, "control", 2)).staleWrites > 0);
  });
  await t.step("others go on when a service process is killed with clients in line", async () => {
    assertKept(await run(serviceKilled, "realmgate", 1));
  });
  await t.step("nothing is granted twice when Redis hangs", async () => {
    assertKept(await run(redisStopped, "realmgate", 1));
  });
});
