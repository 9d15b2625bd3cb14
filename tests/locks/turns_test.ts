import { assert, assertEquals } from "@std/assert";
import { systemClock } from "../../src/core/clock.ts";
import { ScopeWatch } from "../../src/core/scope.ts";
import { type Attempt, LockStore } from "../../src/locks/lock_store.ts";
import { LockWaiters } from "../../src/locks/lock_waiters.ts";
import { eventually } from "../support/eventually.ts";
import { command, withLocks } from "./fixture.ts";

Deno.test("DistributedLockManager takes a turn that comes in one packet with its place in line", () =>
  withLocks(async ({ isolate }) => {
    const [one, two] = [await isolate(), await isolate()];
    for (let round = 0; round < 5; round++) {
      const grant = await one.acquire("raid:7");
      const order: string[] = [];
      // Sent back to back: the server answers both at once, and tells of the turn in between.
      const first = one.acquire("raid:7", { waitMs: 9_000 });
      const released = one.release(grant);
      const second = two.acquire("raid:7", { waitMs: 9_000 });
      assertEquals(await released, true);
      await Promise.all([
        first.then((next) => (order.push("first"), one.release(next))),
        second.then((next) => (order.push("second"), two.release(next))),
      ]);
      assertEquals(order, ["first", "second"]);
    }
  }));

Deno.test("DistributedLockManager puts a waiter back that lost its place when others of its isolate go on", () =>
  withLocks(async ({ server, isolate }) => {
    const one = await isolate();
    const grant = await one.acquire("raid:7");
    const lost = one.acquire("raid:7", { waitMs: 20_000 });
    await eventually(async () => (await one.manager.inspect("raid:7", one.scope())).waiters === 1);
    await command(server, "DEL {test}:lock-queue:raid:7");
    let granted = false;
    const found = lost.then((next) => (granted = true, one.release(next)));
    await one.release(grant);
    const busy = async () => {
      while (!granted) {
        const next = await one.acquire("raid:7", { waitMs: 9_000 });
        await new Promise((resolve) => setTimeout(resolve, 20));
        await one.release(next);
      }
    };
    const others = [busy(), busy()];
    try {
      await eventually(() => granted, { what: "the waiter to be put back" });
    } finally {
      granted = true;
      await Promise.all(others);
    }
    assert(await found);
  }));

Deno.test("DistributedLockManager passes a turn on that nobody of its isolate waits for", () =>
  withLocks(async ({ server, isolate }) => {
    const [one, two] = [await isolate(), await isolate()];
    const waiters = async () => (await one.manager.inspect("raid:7", one.scope())).waiters;
    const grant = await one.acquire("raid:7");
    const order: string[] = [];
    const first = one.acquire("raid:7", { waitMs: 9_000 });
    await eventually(async () => await waiters() === 1);
    const queue = await command(server, "ZRANGE {test}:lock-queue:raid:7 0 -1");
    const isolateOfFirst = /\n([0-9a-f]+)\./.exec(queue)?.[1];
    await command(server, `ZADD {test}:lock-queue:raid:7 1 ${isolateOfFirst}.gone`);
    const second = two.acquire("raid:7", { waitMs: 9_000 });
    await eventually(async () => await waiters() === 3);
    await one.release(grant);
    await Promise.all([
      first.then((next) => (order.push("first"), one.release(next))),
      second.then((next) => (order.push("second"), two.release(next))),
    ]);
    assertEquals(order, ["first", "second"]);
    assertEquals(await waiters(), 0);
  }));

Deno.test("LockWaiters leaves no place in line behind when it looks while a claim is on its way", () =>
  withLocks(async ({ isolate }) => {
    const { manager, redis, scope } = await isolate();
    const replies = { let: Promise.resolve() };
    const store = new LockStore({
      fleet: "test",
      redis: {
        async run(script, options) {
          const reply = await redis.run(script, options);
          await replies.let;
          return reply;
        },
      },
    });
    await using cleanUp = new AsyncDisposableStack();
    const watch = new ScopeWatch({ clock: systemClock });
    cleanUp.defer(() => watch.close());
    const waiters = new LockWaiters({ store, clock: systemClock, watch });
    const attempt = (id: string): Attempt => ({
      name: "raid:7",
      id,
      token: id.repeat(32).slice(0, 32),
      ttlMs: 60_000,
      owner: id,
      once: undefined,
    });
    await store.acquire(attempt("a.1"), { wait: false });
    const queued = await store.acquire(attempt("b.1"), { wait: true });
    if (queued.kind !== "queued") throw new TypeError(queued.kind);
    const waiting = waiters.wait(attempt("b.1"), { ...queued, waitMs: 9_000, scope: scope() });
    await store.release("raid:7", attempt("a.1").token);
    const held = Promise.withResolvers<void>();
    replies.let = held.promise;
    waiters.onTurn("raid:7", "b.1");
    waiters.lookNow();
    await manager.inspect("raid:7", scope());
    held.resolve();
    assertEquals((await waiting).result.kind, "granted");
    assertEquals((await manager.inspect("raid:7", scope())).waiters, 0);
  }));
