import { assert, assertEquals } from "@std/assert";
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
