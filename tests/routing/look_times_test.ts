import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Clock } from "../../src/core/clock.ts";
import { LookTimes } from "../../src/routing/look_times.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { stateOf } from "./fixtures.ts";

/** A machine's clocks: the wall clock can be set, and tells whole milliseconds. */
function setUp() {
  const manual = new ManualClock();
  let offset = 0.4;
  const clock: Clock = {
    now: () => manual.now(),
    wallMs: () => Math.floor(manual.wallMs() + offset),
    after: (delayMs, task) => manual.after(delayMs, task),
    every: (periodMs, task) => manual.every(periodMs, task),
  };
  const looks = new LookTimes({ clock });
  return {
    clock,
    pass: (ms: number) => manual.advance(ms),
    set: (ms: number) => void (offset += ms),
    take: (at: number) => looks.take({ at: 1, shards: [stateOf(["a"], { at })] }),
    began: () => looks.began("a"),
  };
}

Deno.test("LookTimes tells when a look began, to the millisecond, when no clock was set", () => {
  const { clock, pass, take, began } = setUp();
  assertEquals(began(), -Infinity);
  pass(1_000.7);
  const [wallMs, now] = [clock.wallMs(), clock.now()];
  pass(20);
  take(wallMs);
  assert(began() <= now && began() > now - 2, `${began()} of ${now}`);
});

Deno.test("LookTimes takes no look for newer than an instant that was read since the clock was set back", () => {
  const { clock, pass, set, take, began } = setUp();
  take(clock.wallMs());
  pass(500);
  const before = clock.wallMs();
  set(-400);
  pass(1);
  const instant = { wallMs: clock.wallMs(), now: clock.now() };
  take(before);
  assert(before > instant.wallMs, "the wall clock alone must be wrong here");
  assert(began() < instant.now);
  pass(10_500);
  const [wallMs, now] = [clock.wallMs(), clock.now()];
  take(wallMs);
  assert(began() <= now && began() > now - 2, "exact again");
});

Deno.test("LookTimes never tells of a look as newer than it is, however the wall clock is set", () => {
  const ms = (max: number) => fc.double({ min: 0, max, noNaN: true });
  const round = fc.record({
    before: ms(500),
    after: ms(500),
    way: ms(2_000),
    step: fc.oneof(fc.constant(0), fc.double({ min: -60_000, max: 60_000, noNaN: true })),
    // Whether the clock is set before the look or while it is told.
    early: fc.boolean(),
  });
  fc.assert(fc.property(fc.array(round, { maxLength: 20 }), (rounds) => {
    const { clock, pass, set, take, began } = setUp();
    take(clock.wallMs());
    let exactFrom = 0;
    for (const { before, after, way, step, early } of rounds) {
      pass(before);
      if (early) set(step);
      const [wallMs, now] = [clock.wallMs(), clock.now()];
      pass(after);
      if (!early) set(step);
      pass(way);
      take(wallMs);
      if (step !== 0) exactFrom = clock.now() + 10_000;
      assert(began() <= now + 1e-3, `${began() - now} ms late`);
      if (now > exactFrom) assert(began() > now - 2.001, `${now - began()} ms early`);
    }
  }));
});
