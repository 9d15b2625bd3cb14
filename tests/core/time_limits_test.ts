import { assertEquals } from "@std/assert";
import { TimeLimits } from "../../src/core/time_limits.ts";
import { ManualClock } from "../support/manual_clock.ts";

Deno.test("TimeLimits ends waits in their order, each within a fifth of its time", () => {
  const clock = new ManualClock();
  const limits = new TimeLimits({ clock, limitMs: 50 });
  const ended: string[] = [];
  limits.begin(() => ended.push("one"));
  clock.advance(5);
  limits.begin(() => ended.push("two"));
  limits.end(limits.begin(() => ended.push("over")));
  clock.advance(44);
  assertEquals(ended, []);
  clock.advance(1);
  assertEquals(ended, ["one"]);
  clock.advance(10);
  assertEquals([ended, limits.size, clock.pending], [["one", "two"], 0, 0]);
});

Deno.test("TimeLimits counts no time in which nothing could be heard", () => {
  const clock = new ManualClock();
  const limits = new TimeLimits({ clock, limitMs: 50 });
  let ended = 0;
  limits.begin(() => ended++);
  for (let stalls = 0; stalls < 4; stalls++) clock.jump(60_000);
  assertEquals(ended, 0);
  clock.jump(60_000);
  assertEquals(ended, 1);
});

Deno.test("TimeLimits gives a wait its whole time when none was under way for long", () => {
  const clock = new ManualClock();
  const limits = new TimeLimits({ clock, limitMs: 50 });
  limits.end(limits.begin(() => {}));
  clock.advance(60_000);
  assertEquals(clock.pending, 0);
  let ended = 0;
  limits.begin(() => ended++);
  clock.advance(49);
  assertEquals(ended, 0);
  clock.advance(11);
  assertEquals(ended, 1);
});

Deno.test("TimeLimits takes a wait that begins when another one ends", () => {
  const clock = new ManualClock();
  const limits = new TimeLimits({ clock, limitMs: 50 });
  let ended = 0;
  limits.begin(() => limits.begin(() => ended++));
  clock.advance(50);
  assertEquals([limits.size, ended, clock.pending], [1, 0, 1]);
  clock.advance(50);
  assertEquals([limits.size, ended, clock.pending], [0, 1, 0]);
});
