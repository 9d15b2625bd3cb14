import { assert, assertEquals } from "@std/assert";
import { systemClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { systemRandom } from "../../src/core/random.ts";
import { FleetDuty } from "../../src/locks/fleet_duty.ts";
import { eventually } from "../support/eventually.ts";
import { type LockFixture, type LockIsolate, withLocks } from "./fixture.ts";

interface OnLocks extends LockIsolate {
  readonly duty: FleetDuty;
}

/** Runs a test with duties of three processes, or of more of them. */
async function withThree(
  test: (fixture: LockFixture, processes: readonly OnLocks[]) => Promise<void>,
  { count = 3, slots = 1 }: { readonly count?: number; readonly slots?: number } = {},
): Promise<void> {
  await withLocks(async (fixture) => {
    const isolates = await Promise.all(Array.from({ length: count }, () => fixture.isolate()));
    const processes = isolates.map((isolate): OnLocks => ({
      ...isolate,
      duty: new FleetDuty({
        name: "realmgate:test",
        slots,
        locks: isolate.manager,
        clock: systemClock,
        random: systemRandom,
        log: silentLog,
      }),
    }));
    for (const { duty } of processes) duty.start();
    try {
      await eventually(() => processes.some(({ duty }) => duty.state === "ours"));
      await test(fixture, processes);
    } finally {
      await Promise.all(processes.map(({ duty }) => duty.stop()));
    }
  });
}

function states(processes: readonly OnLocks[]): string[] {
  return processes.map(({ duty }) => duty.state).sort();
}

/** The one on duty, once there is one; after how many milliseconds. */
async function taken(processes: readonly OnLocks[]): Promise<{ by: OnLocks; afterMs: number }> {
  const began = performance.now();
  const by = await eventually(() => processes.find(({ duty }) => duty.state === "ours"));
  return { by, afterMs: performance.now() - began };
}

Deno.test("FleetDuty on Redis is taken over within about a second when the holder stops", () =>
  withThree(async (_fixture, processes) => {
    const until = performance.now() + 4_000;
    const { by: first } = await taken(processes);
    await eventually(() => {
      assertEquals(states(processes), ["ours", "theirs", "theirs"]);
      assertEquals(first.duty.state, "ours");
      return performance.now() > until;
    });
    await first.duty.stop();
    const { afterMs } = await taken(processes);
    assert(afterMs < 2_000, `after ${afterMs} ms`);
    assertEquals(states(processes), ["ours", "theirs", "theirs"]);
  }));

Deno.test("FleetDuty on Redis is taken over within 5 s when the holder is gone without a word", () =>
  withThree(async (_fixture, processes) => {
    const { by: first } = await taken(processes);
    await first.vanish();
    const others = processes.filter((process) => process !== first);
    const { afterMs } = await taken(others);
    assert(afterMs > 1_500 && afterMs < 5_000, `after ${afterMs} ms`);
    await eventually(() => first.duty.state === "alone");
    assertEquals(states(others), ["ours", "theirs"]);
  }));

for (const signal of ["SIGKILL", "SIGSTOP"] as const) {
  Deno.test(`FleetDuty on Redis is alone everywhere after ${signal} of Redis, and one's again after`, () =>
    withThree(async ({ server }, processes) => {
      server.kill(signal);
      await eventually(() => states(processes).every((state) => state === "alone"));
      if (signal === "SIGSTOP") server.kill("SIGCONT");
      else await server.restart();
      await eventually(() => `${states(processes)}` === "ours,theirs,theirs");
    }));
}

/** Who holds which of the locks. */
async function holders({ manager, scope }: OnLocks): Promise<string[]> {
  const locks = await manager.list({ prefix: "realmgate:test", limit: 10 }, scope());
  return locks.map(({ name }) => name).sort();
}

const SLOTS = [1, 2, 3].map((slot) => `realmgate:test:${slot}`);

Deno.test("FleetDuty on Redis has as many on duty as there are slots when processes suffice", () =>
  withThree(async (_fixture, processes) => {
    const [first] = processes;
    assert(first !== undefined);
    await eventually(() => `${states(processes)}` === "ours,ours,ours");
    assertEquals(await holders(first), SLOTS);
  }, { slots: 3 }));

Deno.test("FleetDuty on Redis has each process on duty once when there are more slots", () =>
  withThree(async (_fixture, processes) => {
    const [first] = processes;
    assert(first !== undefined);
    await eventually(() => `${states(processes)}` === "ours,ours");
    const until = performance.now() + 2_000;
    await eventually(async () => {
      assertEquals((await holders(first)).length, 2);
      return performance.now() > until;
    });
  }, { count: 2, slots: 3 }));

Deno.test("FleetDuty on Redis fills a slot with the fourth process when one is gone without a word", () =>
  withThree(async (_fixture, processes) => {
    await eventually(() => `${states(processes)}` === "ours,ours,ours,theirs");
    const gone = processes.find(({ duty }) => duty.state === "ours");
    assert(gone !== undefined);
    await gone.vanish();
    const others = processes.filter((process) => process !== gone);
    await eventually(() => `${states(others)}` === "ours,ours,ours");
    const [other] = others;
    assert(other !== undefined);
    await eventually(async () => `${await holders(other)}` === `${SLOTS}`);
  }, { count: 4, slots: 3 }));
