import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type RedisClient, redisScript } from "../../src/drivers/redis.ts";
import { type Attempt, LockStore } from "../../src/locks/lock_store.ts";
import { withLocks } from "./fixture.ts";

/** What a schedule may do. Attempts and grants are picked by number, modulo what there is. */
type Step =
  | { readonly kind: "acquire"; readonly isolate: number; readonly ttlMs: number; wait: boolean }
  | { readonly kind: "claim" | "withdraw" | "release" | "renew"; readonly pick: number }
  | { readonly kind: "check"; readonly isolate: number }
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "jump"; readonly seconds: number }
  | { readonly kind: "empty" };

interface Waiting {
  readonly attempt: Attempt;
  readonly ticket: string;
}

interface Hold {
  readonly attempt: Attempt;
  until: number;
}

/** The scripts as they are, but for the clock, which a test moves. */
function withClock(redis: RedisClient): Pick<RedisClient, "run"> {
  return {
    run: ({ lua }, options) => {
      const moved = lua.replaceAll(
        'redis.call("TIME")',
        'redis.call("HMGET", "{test}:now", "s", "u")',
      );
      assert(moved !== lua);
      return redis.run(redisScript(moved), options);
    },
  };
}

const ISOLATES = ["a", "b", "c"];

/** One lock under one schedule; every promise is asserted at every step. */
class Model {
  readonly #store: LockStore;
  readonly #redis: RedisClient;
  readonly #run: string;
  #now = 1_800_000_000_000_000;
  #attempts = 0;
  #waiting: Waiting[] = [];
  #hold: Hold | undefined;
  /** No fence may be at or below it. */
  #floor = 0;
  /** Whether Redis remembers a fence of this lock; what it forgot only its clock still tells. */
  #remembered = false;
  /** Whether Redis lost its state or its clock was moved: then only fences are promised. */
  disturbed = false;
  /** Time that passed while the lock lay free: an isolate that is too slow then loses its turn. */
  #idleMs = 0;

  constructor(redis: RedisClient, run: number) {
    this.#redis = redis;
    this.#store = new LockStore({ redis: withClock(redis), fleet: "test" });
    this.#run = `lock${run}`;
  }

  async begin(): Promise<void> {
    await this.#setClock();
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case "acquire": {
        const id = `${ISOLATES[step.isolate]}.${this.#attempts}`;
        const token = (this.#attempts++).toString(16).padStart(32, "0");
        const { ttlMs } = step;
        return await this.#acquire(
          { name: this.#run, id, token, ttlMs, owner: "model", once: undefined },
          step.wait,
        );
      }
      case "claim": {
        const waiting = this.#pick(step.pick);
        if (waiting !== undefined) await this.#acquire(waiting.attempt, true, waiting.ticket);
        return;
      }
      case "withdraw": {
        const waiting = this.#pick(step.pick);
        if (waiting === undefined) return;
        await this.#store.withdraw(waiting.attempt);
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
        return;
      }
      case "release": {
        if (this.#hold === undefined) return;
        const { attempt, until } = this.#hold;
        const released = await this.#store.release(this.#run, attempt.token);
        if (!this.disturbed) assertEquals(released, until > this.#now);
        this.#hold = undefined;
        return;
      }
      case "renew": {
        if (this.#hold === undefined) return;
        const { attempt, until } = this.#hold;
        const [fence] = await this.#store.renew([{ ...attempt, ttlMs: 5_000 }]);
        if (!this.disturbed) assertEquals(fence !== undefined, until > this.#now);
        if (fence !== undefined) this.#hold.until = this.#now + 5_000_000;
        return;
      }
      case "check": {
        const own = this.#waiting.filter(({ attempt }) =>
          attempt.id.startsWith(`${ISOLATES[step.isolate]}.`)
        ).map(({ attempt, ticket }) => ({ id: attempt.id, ticket }));
        if (own.length > 0) await this.#store.check(this.#run, own);
        return;
      }
      case "pass":
        this.#now += step.ms * 1_000;
        if (this.#hold === undefined || this.#hold.until <= this.#now) this.#idleMs += step.ms;
        return await this.#setClock();
      case "jump":
        this.disturbed = true;
        this.#now += step.seconds * 1_000_000;
        if (!this.#remembered) this.#floor = Math.min(this.#floor, this.#now - 1);
        return await this.#setClock();
      case "empty":
        this.disturbed = true;
        this.#remembered = false;
        this.#floor = Math.min(this.#floor, this.#now - 1);
        await this.#redis.run(redisScript('return redis.call("FLUSHALL")'), {
          keys: ["{test}"],
          args: [],
        });
        return await this.#setClock();
    }
  }

  /** After all is quiet, everybody who waits gets the lock, in order. */
  async drain(): Promise<void> {
    if (this.#hold !== undefined) await this.take({ kind: "release", pick: 0 });
    const inOrder = !this.disturbed && this.#idleMs < 400;
    const order: string[] = [];
    const wanted = [...this.#waiting].sort((a, b) => Number(a.ticket) - Number(b.ticket));
    for (let turn = 0; turn < wanted.length + 3 && this.#waiting.length > 0; turn++) {
      for (let isolate = 0; isolate < ISOLATES.length; isolate++) {
        await this.take({ kind: "check", isolate });
      }
      for (let moved = true; moved;) {
        moved = false;
        for (const waiting of [...this.#waiting]) {
          await this.#acquire(waiting.attempt, true, waiting.ticket);
          if (this.#hold?.attempt !== waiting.attempt) continue;
          moved = true;
          order.push(waiting.ticket);
          await this.take({ kind: "release", pick: 0 });
        }
      }
      await this.take({ kind: "pass", ms: 700 });
    }
    assertEquals(this.#waiting.length, 0);
    if (inOrder) assertEquals(order, wanted.map(({ ticket }) => ticket));
  }

  async #acquire(attempt: Attempt, wait: boolean, ticket?: string): Promise<void> {
    const options = ticket === undefined ? { wait } : { wait, ticket };
    const result = await this.#store.acquire(attempt, options);
    this.#waiting = this.#waiting.filter((other) => other.attempt !== attempt);
    if (result.kind === "queued") this.#waiting.push({ attempt, ticket: result.ticket });
    if (result.kind !== "granted") return;
    if (!this.disturbed) {
      assert(this.#hold === undefined || this.#hold.until <= this.#now, "two holders at once");
      if (this.#idleMs < 400) {
        const overtaken = this.#waiting.some((other) =>
          ticket === undefined || Number(other.ticket) < Number(ticket)
        );
        assert(!overtaken, "somebody who came first was overtaken");
      }
    }
    const fence = Number(result.fence);
    assert(fence > this.#floor, `fence ${fence} after ${this.#floor}`);
    this.#floor = fence;
    this.#remembered = true;
    this.#hold = { attempt, until: this.#now + attempt.ttlMs * 1_000 };
  }

  #pick(pick: number): Waiting | undefined {
    return this.#waiting[pick % Math.max(1, this.#waiting.length)];
  }

  async #setClock(): Promise<void> {
    const seconds = Math.floor(this.#now / 1_000_000);
    await this.#redis.run(
      redisScript('return redis.call("HSET", KEYS[1], "s", ARGV[1], "u", ARGV[2])'),
      { keys: ["{test}:now"], args: [seconds, this.#now - seconds * 1_000_000] },
    );
  }
}

const pick = fc.nat({ max: 20 });
const isolate = fc.nat({ max: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("acquire" as const),
      isolate,
      ttlMs: fc.integer({ min: 100, max: 3_000 }),
      wait: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("claim" as const), pick }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("release" as const), pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("withdraw" as const), pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("renew" as const), pick }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("check" as const), isolate }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("pass" as const),
      ms: fc.integer({ min: 1, max: 900 }),
    }),
  },
);
const disturbance: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("jump" as const), seconds: fc.integer({ min: -60, max: 60 }) }),
  fc.record({ kind: fc.constant("empty" as const) }),
);

Deno.test("the lock scripts keep one holder, growing fences and the line under any schedule", () =>
  withLocks(async ({ isolate }) => {
    const { redis } = await isolate();
    let runs = 0;
    const calm = fc.array(step, { maxLength: 50 });
    const rough = fc.array(
      fc.oneof({ weight: 8, arbitrary: step }, { weight: 1, arbitrary: disturbance }),
      { maxLength: 50 },
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(calm, rough), async (steps) => {
        const model = new Model(redis, runs++);
        await model.begin();
        for (const each of steps) await model.take(each);
        await model.drain();
      }),
      { numRuns: 300 },
    );
  }));
