import { assertEquals, assertRejects } from "@std/assert";
import { within } from "../../src/core/within.ts";
import { ManualClock } from "../support/manual_clock.ts";

Deno.test("within yields what comes in time, fails as it fails, and gives up on what does not come", async () => {
  const clock = new ManualClock();
  assertEquals(await within(Promise.resolve("done"), { clock, ms: 1_000 }), "done");
  await assertRejects(() => within(Promise.reject(new Error("no")), { clock, ms: 1_000 }));
  const never = within(new Promise<string>(() => {}), { clock, ms: 1_000 });
  clock.advance(1_000);
  assertEquals(await never, undefined);
  assertEquals(clock.pending, 0, "no timer is left");
});
