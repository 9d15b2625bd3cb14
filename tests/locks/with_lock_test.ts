import { assert, assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { withLocks } from "./fixture.ts";

Deno.test("DistributedLockManager.withLock runs one isolate's work when several want to", () =>
  withLocks(async ({ isolate }) => {
    const [one, two] = [await isolate(), await isolate()];
    const work = Promise.withResolvers<string>();
    const running = one.manager.withLock("realmgate:sweep", { ttlMs: 1_000 }, (held) => {
      assert(!held.lost && /^\d+$/.test(held.fence));
      return work.promise;
    });
    await eventually(async () => (await two.manager.inspect("realmgate:sweep", two.scope())).held);
    const renewed = one.manager.stats.renewed;
    await eventually(() => one.manager.stats.renewed >= renewed + 4);
    const other = await two.manager.withLock(
      "realmgate:sweep",
      { ttlMs: 1_000 },
      () => Promise.resolve("two"),
    );
    assertEquals(other, undefined);
    work.resolve("one");
    assertEquals(await running, "one");
    assertEquals(
      await two.manager.withLock("realmgate:sweep", { ttlMs: 1_000 }, () => Promise.resolve("two")),
      "two",
    );
  }));

Deno.test("DistributedLockManager.withLock tells its work when the lock is lost", () =>
  withLocks(async ({ server, isolate }) => {
    const one = await isolate();
    const lost = Promise.withResolvers<void>();
    const running = one.manager.withLock("realmgate:sweep", { ttlMs: 600 }, async (held) => {
      held.onLost(lost.resolve);
      server.kill("SIGSTOP");
      await lost.promise;
      assert(held.lost);
      return "ended";
    });
    assertEquals(await running, "ended");
    server.kill("SIGCONT");
  }));
