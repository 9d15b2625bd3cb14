import { assertEquals } from "@std/assert";
import { SilenceWatch } from "../../src/service/silence_watch.ts";
import { ManualClock } from "../support/manual_clock.ts";

function start() {
  const clock = new ManualClock();
  const found = { silent: 0 };
  const watch = new SilenceWatch({ clock, onSilent: () => found.silent++ });
  watch.start();
  return { clock, watch, found };
}

Deno.test("SilenceWatch calls once when nothing was heard for 3 s", () => {
  const { clock, found } = start();
  clock.advance(3_000);
  assertEquals(found.silent, 0);
  clock.advance(10_000);
  assertEquals(found.silent, 1);
});

Deno.test("SilenceWatch stays quiet while the other side is heard", () => {
  const { clock, watch, found } = start();
  for (let n = 0; n < 20; n++) {
    clock.advance(1_000);
    watch.heard();
  }
  assertEquals(found.silent, 0);
});

Deno.test("SilenceWatch counts anew when it was itself away", () => {
  const { clock, found } = start();
  clock.advance(500);
  clock.jump(10_000);
  clock.advance(2_500);
  assertEquals(found.silent, 0);
  clock.advance(1_000);
  assertEquals(found.silent, 1);
});
