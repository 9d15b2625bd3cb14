import { assert, assertEquals, assertRejects } from "@std/assert";
import { RealmgateError } from "../../src/core/errors.ts";
import { eventually } from "../support/eventually.ts";
import { withLocks } from "./fixture.ts";

Deno.test("DistributedLockManager never grants and takes the attempt back when Redis hangs", () =>
  withLocks(async ({ server, isolate }) => {
    const [one, two] = [await isolate(), await isolate()];
    server.kill("SIGSTOP");
    const began = performance.now();
    const error = await assertRejects(
      () => one.acquire("raid:7", { ttlMs: 60_000, waitMs: 5_000 }, one.scope(300)),
      RealmgateError,
    );
    assert(performance.now() - began < 3_000);
    assertEquals([error.code, error.outcome], ["lock_outcome_unknown", "unknown"]);
    server.kill("SIGCONT");
    // Without the withdrawal the attempt, which the server reads now, would hold it for a minute.
    await eventually(async () => {
      const grant = await two.acquire("raid:7", { waitMs: 500 }).catch(() => undefined);
      return grant !== undefined;
    });
    await eventually(() => one.manager.stats.withdrawing === 0);
  }));

Deno.test("DistributedLockManager refuses at once when Redis is down, and works when it is back", () =>
  withLocks(async ({ server, isolate }) => {
    const one = await isolate();
    server.kill();
    await eventually(() => one.redis.state === "down");
    const error = await assertRejects(() => one.acquire("raid:7"), RealmgateError);
    assertEquals([error.code, error.outcome], ["redis_unavailable", "not_applied"]);
    assertEquals(one.manager.stats.withdrawn, 0);
    await server.start();
    await eventually(() => one.redis.state === "up");
    await one.release(await one.acquire("raid:7"));
  }));

Deno.test("DistributedLockManager keeps a waiter in line when Redis hangs for a while", () =>
  withLocks(async ({ server, isolate }) => {
    const [one, two] = [await isolate(), await isolate()];
    const grant = await one.acquire("raid:7");
    const waiting = two.acquire("raid:7", { waitMs: 9_000 });
    await eventually(async () => (await one.manager.inspect("raid:7", one.scope())).waiters === 1);
    server.kill("SIGSTOP");
    await eventually(() => one.redis.state === "down" && two.redis.state === "down");
    server.kill("SIGCONT");
    await eventually(() => one.redis.state === "up");
    await eventually(() => one.release(grant).catch(() => false));
    const next = await waiting;
    assert(BigInt(next.fence) > BigInt(grant.fence));
  }));

Deno.test("DistributedLockManager says that it does not know when a renewal is not answered", () =>
  withLocks(async ({ server, isolate }) => {
    const one = await isolate();
    const grant = await one.acquire("raid:7", { ttlMs: 60_000 });
    server.kill("SIGSTOP");
    const renewal = one.manager.renew([grant], {
      arrivedAt: performance.now(),
      scope: one.scope(400),
    });
    const error = await assertRejects(() => renewal, RealmgateError);
    assertEquals([error.code, error.outcome], ["lock_outcome_unknown", "unknown"]);
    server.kill("SIGCONT");
    await eventually(() => one.release(grant).catch(() => false));
  }));
