import { assertEquals } from "@std/assert";
import { RealmgateError } from "../../src/core/errors.ts";
import { type Log, silentLog } from "../../src/core/log.ts";
import { seededRandom } from "../../src/core/random.ts";
import { type DutyState, type Exclusive, FleetDuty } from "../../src/locks/fleet_duty.ts";
import type { Held } from "../../src/locks/held_lock.ts";
import { ManualClock } from "../support/manual_clock.ts";

/** Drives the interface of the locks: one lock that a test can cut off, or take from its holder. */
class DrivenLocks {
  readonly clock = new ManualClock();
  #holder: DrivenHold | undefined;
  away = false;

  /** The locks as one process has them. */
  process(): Exclusive {
    return {
      withLock: async (_name, { ttlMs }, work) => {
        if (this.away) throw new RealmgateError("redis_unavailable", "away");
        if (this.#holder !== undefined && this.clock.now() < this.#holder.heldUntil) return;
        const hold = this.#holder = new DrivenHold(this.clock, ttlMs);
        try {
          return await work(hold);
        } finally {
          if (this.#holder === hold) this.#holder = undefined;
        }
      },
    };
  }

  /** Renews what is held, as the holder would. */
  renew(): void {
    this.#holder?.renew();
  }

  /** Tells the holder that it has lost the lock. */
  lose(): void {
    this.#holder?.lose();
  }
}

class DrivenHold implements Held {
  readonly fence = "1";
  readonly #callbacks: (() => void)[] = [];
  readonly #clock: ManualClock;
  readonly #ttlMs: number;
  heldUntil = 0;

  constructor(clock: ManualClock, ttlMs: number) {
    this.#clock = clock;
    this.#ttlMs = ttlMs;
    this.renew();
  }

  get lost(): boolean {
    return this.#clock.now() >= this.heldUntil;
  }

  onLost(callback: () => void): void {
    this.#callbacks.push(callback);
  }

  renew(): void {
    this.heldUntil = this.#clock.now() + this.#ttlMs;
  }

  lose(): void {
    this.heldUntil = -Infinity;
    for (const callback of this.#callbacks) callback();
  }
}

interface Setting {
  readonly locks: DrivenLocks;
  readonly errors: string[];
  /** A duty of one process, started, and what it told of itself. */
  readonly start: () => Promise<{ duty: FleetDuty; told: DutyState[] }>;
  /** Lets time pass in small steps; the holder renews unless told otherwise. */
  readonly pass: (ms: number, options?: { readonly renew?: boolean }) => Promise<void>;
}

async function withDuties(test: (setting: Setting) => Promise<void>): Promise<void> {
  const locks = new DrivenLocks();
  const errors: string[] = [];
  const duties: FleetDuty[] = [];
  const log: Log = { ...silentLog, error: (message) => errors.push(message) };
  await test({
    locks,
    errors,
    start: async () => {
      const told: DutyState[] = [];
      const duty = new FleetDuty({
        name: "realmgate:test",
        locks: locks.process(),
        clock: locks.clock,
        random: seededRandom(duties.length),
        log,
      });
      duties.push(duty);
      duty.onChange((state) => told.push(state));
      duty.start();
      await settled();
      return { duty, told };
    },
    pass: async (ms, { renew = true } = {}) => {
      for (let passed = 0; passed < ms; passed += 50) {
        locks.clock.advance(50);
        if (renew) locks.renew();
        await settled();
      }
    },
  });
  await Promise.all(duties.map((duty) => duty.stop()));
  await settled();
  assertEquals(locks.clock.pending, 0, "a timer was left");
}

/** Lets every promise that can go on do so. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

Deno.test("FleetDuty has one process on duty when several try", () =>
  withDuties(async ({ start, pass }) => {
    const [one, two, three] = [await start(), await start(), await start()];
    for (let second = 0; second < 20; second++) {
      assertEquals([one, two, three].map(({ duty }) => duty.state), ["ours", "theirs", "theirs"]);
      await pass(1_000);
    }
    assertEquals([one.told, two.told, three.told], [["ours"], [], []]);
  }));

Deno.test("FleetDuty is taken over within about a second when the process on duty stops", () =>
  withDuties(async ({ start, pass }) => {
    const [one, two] = [await start(), await start()];
    await pass(10_000);
    await one.duty.stop();
    assertEquals([one.duty.state, two.duty.state], ["theirs", "theirs"]);
    await pass(1_300);
    assertEquals([one.duty.state, two.duty.state], ["theirs", "ours"]);
    one.duty.start();
    await pass(5_000);
    assertEquals([one.told, two.told], [["ours", "theirs"], ["ours"]]);
  }));

Deno.test("FleetDuty is taken over once the lock has run out when the process on duty hangs", () =>
  withDuties(async ({ locks, start, pass }) => {
    const [one, two] = [await start(), await start()];
    await pass(2_800, { renew: false });
    assertEquals([one.duty.state, two.duty.state], ["ours", "theirs"]);
    locks.clock.jump(200);
    // It says so before anybody has told it, so that it does not act on a duty that ran out.
    assertEquals(one.duty.state, "theirs");
    await pass(1_300);
    assertEquals([one.duty.state, two.duty.state], ["theirs", "ours"]);
  }));

Deno.test("FleetDuty tries again when the lock is lost", () =>
  withDuties(async ({ locks, start, pass }) => {
    const { duty, told } = await start();
    locks.lose();
    await settled();
    assertEquals(duty.state, "theirs");
    await pass(1_300);
    assertEquals([duty.state, told], ["ours", ["ours", "theirs", "ours"]]);
  }));

Deno.test("FleetDuty is alone while Redis is away, and takes turns again when it is back", () =>
  withDuties(async ({ locks, errors, start, pass }) => {
    const [one, two] = [await start(), await start()];
    locks.away = true;
    locks.lose();
    await pass(1_300);
    assertEquals([one.duty.state, two.duty.state], ["alone", "alone"]);
    await pass(5_000);
    assertEquals([one.told, two.told], [["ours", "theirs", "alone"], ["alone"]]);
    locks.away = false;
    await pass(1_300);
    const states = [one.duty.state, two.duty.state];
    assertEquals(states.sort(), ["ours", "theirs"]);
    assertEquals(errors, []);
  }));

Deno.test("FleetDuty gives the lock back when it was granted to a process that stops", () =>
  withDuties(async ({ locks, start }) => {
    const held: boolean[] = [];
    const granted = Promise.withResolvers<void>();
    const duty = new FleetDuty({
      name: "realmgate:test",
      locks: {
        withLock: async (_name, _options, work) => {
          await granted.promise;
          const result = await work({ lost: false, fence: "1", onLost() {} });
          held.push(false);
          return result;
        },
      },
      clock: locks.clock,
      random: seededRandom(7),
      log: silentLog,
    });
    duty.start();
    const stopped = duty.stop();
    granted.resolve();
    await stopped;
    assertEquals([held, duty.state], [[false], "theirs"]);
    assertEquals((await start()).duty.state, "ours");
  }));
