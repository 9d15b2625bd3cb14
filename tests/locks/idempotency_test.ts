import { assert, assertEquals, assertRejects } from "@std/assert";
import { RealmgateError } from "../../src/core/errors.ts";
import { LockStore } from "../../src/locks/lock_store.ts";
import { eventually } from "../support/eventually.ts";
import { withLocks } from "./fixture.ts";

const once = { by: "game", key: "k1", fingerprint: "10000 tester" };

async function codeOf(run: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => run, RealmgateError)).code;
}

Deno.test("DistributedLockManager returns the same grant when an idempotency key comes again", () =>
  withLocks(async ({ isolate }) => {
    const [one, two] = [await isolate(), await isolate()];
    const first = await one.acquire("raid:7", { once });
    await eventually(async () =>
      (await one.manager.inspect("raid:7", one.scope())).remainingMs < 9_900
    );
    const again = await two.acquire("raid:7", { once });
    assertEquals([again.token, again.fence, again.replayed], [first.token, first.fence, true]);
    assert(again.validForMs < first.validForMs - 90);
    assertEquals(await codeOf(two.acquire("raid:7")), "lock_held");
    const otherTtl = { ...once, fingerprint: "20000 tester" };
    assertEquals(await codeOf(two.acquire("raid:7", { once: otherTtl })), "idempotency_key_reused");
    await two.acquire("raid:8", { once: otherTtl });

    assertEquals(await one.release(first), true);
    // A copy of the request that comes late must not take the lock for nobody.
    assertEquals(await codeOf(two.acquire("raid:7", { once })), "lock_lost");
    await two.acquire("raid:7");
  }));

Deno.test("DistributedLockManager keeps grants apart whose names, callers and keys read alike in a row", () =>
  withLocks(async ({ isolate }) => {
    const one = await isolate();
    const fingerprint = "10000 tester";
    const asked = [
      ["raid", "game", "game:k1"],
      ["raid:game", "game", "k1"],
      ["raid", "game:game", "k1"],
      ["raid", "game game", "k1"],
    ] as const;
    for (const [name, by, key] of asked) {
      const grant = await one.acquire(name, { once: { by, key, fingerprint } });
      assertEquals(grant.replayed, false, `${name} ${by} ${key}`);
      await one.release(grant);
    }
  }));

Deno.test("DistributedLockManager grants afresh under the same key when nobody received the first", () =>
  withLocks(async ({ isolate }) => {
    const one = await isolate();
    const first = await one.acquire("raid:7", { once });
    one.manager.takeBack(first.attempt);
    await eventually(async () => !(await one.manager.inspect("raid:7", one.scope())).held);
    const second = await one.acquire("raid:7", { once });
    assertEquals(second.replayed, false);
    assert(BigInt(second.fence) > BigInt(first.fence));
  }));

Deno.test("DistributedLockManager leaves a grant alone when a retry has taken it over before it was taken back", () =>
  withLocks(async ({ isolate }) => {
    const [one, two] = [await isolate(), await isolate()];
    const first = await one.acquire("raid:7", { once });
    const again = await two.acquire("raid:7", { once });
    one.manager.takeBack(first.attempt);
    await eventually(() => one.manager.stats.withdrawing === 0);
    assertEquals((await one.manager.inspect("raid:7", one.scope())).held, true);
    assertEquals(await two.release(again), true);
  }));

Deno.test("LockStore never grants an attempt that was withdrawn before it arrived", () =>
  withLocks(async ({ isolate }) => {
    const { redis } = await isolate();
    const store = new LockStore({ redis, fleet: "test" });
    const attempt = {
      name: "raid:7",
      id: "isolate.0",
      token: "a".repeat(32),
      ttlMs: 10_000,
      owner: "tester",
      once: undefined,
    };
    await store.withdraw(attempt);
    assertEquals(await store.acquire(attempt, { wait: false }), { kind: "withdrawn" });
    // The control: a plain release that comes first does not keep the late acquire out.
    const late = { ...attempt, id: "isolate.1" };
    assertEquals(await store.release("raid:7", late.token), false);
    assertEquals((await store.acquire(late, { wait: false })).kind, "granted");
  }));
