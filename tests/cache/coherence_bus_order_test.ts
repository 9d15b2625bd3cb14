import { assertEquals } from "@std/assert";
import { CoherenceBus } from "../../src/cache/coherence_bus.ts";
import { RENEW } from "../../src/cache/coherence_scripts.ts";
import { silentLog } from "../../src/core/log.ts";
import { seededRandom } from "../../src/core/random.ts";
import type { RedisClient, RedisScript } from "../../src/drivers/redis.ts";
import { ManualClock } from "../support/manual_clock.ts";

/** A Redis that answers renewals when the test says so, to order what a socket brings at once. */
class ScriptedRedis implements RedisClient {
  state: "up" | "down" = "up";
  /** What the renewals asked for. */
  readonly asks: string[] = [];
  #answer = (_reply: unknown) => {};
  #listener = (_state: "up" | "down") => {};

  onState(listener: (state: "up" | "down") => void): void {
    this.#listener = listener;
  }

  run(script: RedisScript, { args }: { readonly args: readonly unknown[] }): Promise<unknown> {
    if (script !== RENEW) return Promise.resolve(["1", "10"]);
    this.asks.push(String(args[0]));
    return new Promise((resolve) => this.#answer = resolve);
  }

  /** Answers the renewal that waits. Whoever waits for it goes on later. */
  answer(...rest: unknown[]): void {
    this.#answer(["1", "10", ...rest]);
  }

  set(state: "up" | "down"): void {
    this.state = state;
    this.#listener(state);
  }

  subscribe(): Promise<void> {
    return Promise.resolve();
  }

  ping(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Lets all go on that can. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await undefined;
}

Deno.test("CoherenceBus asks the log again when its connection ended with the answer before", async () => {
  const redis = new ScriptedRedis();
  const bus = new CoherenceBus({
    redis,
    fleet: "test",
    clock: new ManualClock(),
    random: seededRandom(1),
    log: silentLog,
    effects: { drop() {}, dropAll() {}, written() {}, forget() {} },
    longestWriteMs: () => 1_000,
  });
  const begun = bus.initialize();
  await settle();
  // The server that answers is gone with its answer; another one may know less than it did.
  redis.answer("0", []);
  redis.set("down");
  await begun;
  redis.set("up");
  await settle();
  redis.answer([]);
  redis.set("down");
  await settle();
  redis.set("up");
  await settle();
  assertEquals(redis.asks, ["full", "log", "log"]);
  redis.answer([]);
  await settle();
  await bus.shutdown();
  assertEquals([bus.coherence.ask(0), redis.asks.length], ["plain", 3]);
});
