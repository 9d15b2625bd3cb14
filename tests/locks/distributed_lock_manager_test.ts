import { assert, assertEquals, assertRejects } from "@std/assert";
import { RealmgateError } from "../../src/core/errors.ts";
import { eventually } from "../support/eventually.ts";
import { command, withLocks } from "./fixture.ts";

async function refused(run: Promise<unknown>, code: string): Promise<RealmgateError> {
  const error = await assertRejects(() => run, RealmgateError);
  assertEquals(error.code, code);
  return error;
}

Deno.test("DistributedLockManager grants a lock to one holder when several ask", () =>
  withLocks(async ({ isolate }) => {
    const [one, two] = [await isolate(), await isolate()];
    const grant = await one.acquire("raid:7", { owner: "alpha" });
    assert(/^[0-9a-f]{32}$/.test(grant.token) && /^\d{16,}$/.test(grant.fence));
    assert(grant.validForMs > 9_500 && grant.validForMs < 10_000);
    const { extra } = await refused(two.acquire("raid:7"), "lock_held");
    assertEquals([extra?.["owner"], extra?.["waiters"]], ["alpha", 0]);
    const remainingMs = Number(extra?.["remainingMs"]);
    assert(remainingMs > 9_000 && remainingMs <= 10_000);

    assertEquals(
      await two.manager.release({ name: "raid:7", token: "0".repeat(32) }, two.scope()),
      false,
    );
    assertEquals(await one.release(grant), true);
    assertEquals(await one.release(grant), false);
    const next = await two.acquire("raid:7");
    assert(BigInt(next.fence) > BigInt(grant.fence));
  }));

Deno.test("DistributedLockManager shows a lock when it is held and when it is free", () =>
  withLocks(async ({ isolate }) => {
    const one = await isolate();
    const free = { held: false, owner: null, fence: null, remainingMs: 0, waiters: 0 };
    assertEquals(await one.manager.inspect("raid:1", one.scope()), free);
    const grant = await one.acquire("raid:1", { owner: "alpha" });
    const waiting = one.acquire("raid:1", { waitMs: 5_000 });
    const view = await eventually(async () => {
      const seen = await one.manager.inspect("raid:1", one.scope());
      return seen.waiters === 1 ? seen : undefined;
    });
    assertEquals([view.held, view.owner, view.fence], [true, "alpha", grant.fence]);
    await one.acquire("raid:2");
    await one.acquire("guild:*");
    const names = async (prefix: string, limit = 100) =>
      (await one.manager.list({ prefix, limit }, one.scope())).map(({ name }) => name).sort();
    assertEquals(await names("raid:"), ["raid:1", "raid:2"]);
    assertEquals(await names("guild:*"), ["guild:*"]);
    assertEquals((await names("", 2)).length, 2);
    await one.release(grant);
    await waiting;
  }));

Deno.test("DistributedLockManager's fences grow when a lock expires, Redis is emptied or restarted", () =>
  withLocks(async ({ server, isolate }) => {
    const one = await isolate();
    const fences: bigint[] = [];
    const take = async () => {
      const grant = await one.acquire("raid:7", { ttlMs: 700, waitMs: 3_000 });
      fences.push(BigInt(grant.fence));
    };
    await take();
    await take();
    await command(server, "FLUSHALL");
    await take();
    server.kill();
    await server.restart();
    await eventually(() => one.redis.state === "up");
    await take();
    assertEquals(fences, [...fences].sort((a, b) => a < b ? -1 : 1));
    assertEquals(new Set(fences).size, 4);
  }));

Deno.test("DistributedLockManager hands a lock over in the order of arrival when many isolates wait", () =>
  withLocks(async ({ isolate }) => {
    const isolates = [await isolate(), await isolate(), await isolate()];
    const [first] = isolates;
    const grant = await first?.acquire("raid:7");
    const order: number[] = [];
    const waits: Promise<void>[] = [];
    for (let n = 0; n < 60; n++) {
      const own = isolates[n % 3];
      if (own === undefined || first === undefined) throw new TypeError("no isolate");
      waits.push(
        own.acquire("raid:7", { waitMs: 10_000 }).then(async (next) => {
          order.push(n);
          assertEquals(await own.release(next), true);
        }),
      );
      await eventually(async () =>
        (await first.manager.inspect("raid:7", first.scope())).waiters === n + 1
      );
    }
    if (grant !== undefined) await first?.release(grant);
    await Promise.all(waits);
    assertEquals(order, Array.from({ length: 60 }, (_, n) => n));
  }));

Deno.test("DistributedLockManager answers lock_held when the wait is over", () =>
  withLocks(async ({ isolate }) => {
    const one = await isolate();
    await one.acquire("raid:7", { owner: "alpha" });
    const { extra } = await refused(one.acquire("raid:7", { waitMs: 200 }), "lock_held");
    assertEquals([extra?.["owner"], extra?.["waiters"]], ["alpha", 0]);
    const brief = one.scope(1_000);
    await refused(one.acquire("raid:7", { waitMs: 5_000 }, brief), "lock_held");
    assertEquals((await one.manager.inspect("raid:7", one.scope())).waiters, 0);
  }));

Deno.test("DistributedLockManager grants to a waiter when the holder lets the lock expire", () =>
  withLocks(async ({ isolate }) => {
    const [one, two] = [await isolate(), await isolate()];
    await one.acquire("raid:7", { ttlMs: 1_000 });
    const began = performance.now();
    await two.acquire("raid:7", { waitMs: 5_000 });
    assert(performance.now() - began > 200);
  }));

Deno.test("DistributedLockManager takes a client out of the queue when it hangs up", () =>
  withLocks(async ({ isolate }) => {
    const one = await isolate();
    const grant = await one.acquire("raid:7");
    const scope = one.scope();
    const left = one.acquire("raid:7", { waitMs: 5_000 }, scope);
    await eventually(async () => (await one.manager.inspect("raid:7", one.scope())).waiters === 1);
    scope.end("client_closed");
    await refused(left, "client_closed_request");
    await eventually(async () => (await one.manager.inspect("raid:7", one.scope())).waiters === 0);
    await one.release(grant);
    await one.acquire("raid:7");
  }));

Deno.test("DistributedLockManager skips an isolate's waiters when it is gone, all at once", () =>
  withLocks(async ({ isolate }) => {
    const [one, gone, two] = [await isolate(), await isolate(), await isolate()];
    const grant = await one.acquire("raid:7");
    for (let n = 0; n < 20; n++) gone.acquire("raid:7", { waitMs: 9_000 }).catch(() => {});
    await eventually(async () => (await one.manager.inspect("raid:7", one.scope())).waiters === 20);
    // Skipping them one by one would take 10 s.
    const waiting = two.acquire("raid:7", { waitMs: 8_000 });
    await eventually(async () => (await one.manager.inspect("raid:7", one.scope())).waiters === 21);
    await gone.vanish();
    await one.release(grant);
    await waiting;
  }));

Deno.test("DistributedLockManager keeps waiters and their order when Redis loses its state", () =>
  withLocks(async ({ server, isolate }) => {
    const [one, two] = [await isolate(), await isolate()];
    await one.acquire("raid:7");
    const order: number[] = [];
    const waits: Promise<void>[] = [];
    for (let n = 0; n < 6; n++) {
      const own = n % 2 === 0 ? one : two;
      waits.push(
        own.acquire("raid:7", { waitMs: 9_000 }).then(async (grant) => {
          order.push(n);
          await own.release(grant);
        }),
      );
      await eventually(async () =>
        (await one.manager.inspect("raid:7", one.scope())).waiters === n + 1
      );
    }
    await command(server, "FLUSHALL");
    await Promise.all(waits);
    // Whoever looks first begins; those of the other isolate come back to their places.
    assertEquals([...order].sort(), [0, 1, 2, 3, 4, 5]);
    for (const parity of [0, 1]) {
      const own = order.filter((n) => n % 2 === parity);
      assertEquals(own, [...own].sort((a, b) => a - b));
    }
  }));

Deno.test("DistributedLockManager finds a lock free when the message of its release was lost", () =>
  withLocks(async ({ server, isolate }) => {
    const [one, two] = [await isolate(), await isolate()];
    const grant = await one.acquire("raid:7");
    const waiting = two.acquire("raid:7", { waitMs: 9_000 });
    await eventually(async () => (await one.manager.inspect("raid:7", one.scope())).waiters === 1);
    await command(server, "CLIENT KILL TYPE pubsub");
    await eventually(() => one.release(grant).catch(() => false));
    await waiting;
  }));

Deno.test("DistributedLockManager renews what is held and says what is lost", () =>
  withLocks(async ({ isolate }) => {
    const one = await isolate();
    const [kept, lost] = [await one.acquire("a"), await one.acquire("b", { ttlMs: 700 })];
    await eventually(async () => !(await one.manager.inspect("b", one.scope())).held);
    const renewals = await one.manager.renew(
      [kept, lost, { ...kept, token: "0".repeat(32) }].map(({ name, token }) => ({
        name,
        token,
        ttlMs: 60_000,
      })),
      { arrivedAt: performance.now(), scope: one.scope() },
    );
    assertEquals(renewals.map(({ held }) => held), [true, false, false]);
    assertEquals(renewals[0]?.fence, kept.fence);
    assert((renewals[0]?.validForMs ?? 0) > 59_000);
    assertEquals(renewals[1]?.validForMs, 0);
    assertEquals(await one.manager.release({ name: "a", token: undefined }, one.scope()), true);
    assertEquals((await one.manager.inspect("a", one.scope())).held, false);
  }));

Deno.test("DistributedLockManager ends its waits when it shuts down, and leaves the queue", () =>
  withLocks(async ({ isolate }) => {
    const [one, two] = [await isolate(), await isolate()];
    await one.acquire("raid:7");
    const waiting = refused(two.acquire("raid:7", { waitMs: 9_000 }), "shutting_down");
    await eventually(async () => (await one.manager.inspect("raid:7", one.scope())).waiters === 1);
    await two.manager.shutdown();
    await waiting;
    assertEquals((await one.manager.inspect("raid:7", one.scope())).waiters, 0);
    await refused(two.acquire("raid:8"), "shutting_down");
  }));
