import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { FleetClock } from "../../src/routing/fleet_clock.ts";

/** Redis's clock is so far ahead of this process's. */
const AHEAD = 5_000_000;

/** A reply whose way there and back took this long. */
function reply(atMs: number, way: { readonly there: number; readonly back: number }) {
  return {
    sentAt: atMs,
    receivedAt: atMs + way.there + way.back,
    fleetMs: atMs + way.there + AHEAD,
  };
}

Deno.test("FleetClock knows nothing when no reply has come", () => {
  const clock = new FleetClock();
  assertEquals([clock.toFleet(1), clock.toLocal(1)], [undefined, undefined]);
  assertEquals(clock.learntAt, -Infinity);
});

Deno.test("FleetClock is as exact as its best reply when others took long", () => {
  const clock = new FleetClock();
  clock.learn(reply(0, { there: 0, back: 900 }));
  assertEquals(Math.round((clock.toFleet(10) ?? 0) - AHEAD), 10 - 900);
  clock.learn(reply(1_000, { there: 1, back: 1 }));
  clock.learn(reply(2_000, { there: 400, back: 400 }));
  const [ahead = 0, local = 0] = [clock.toFleet(10), clock.toLocal(AHEAD + 10)];
  assert(ahead <= 10 + AHEAD && ahead > 10 + AHEAD - 2, `${ahead - AHEAD}`);
  assert(local <= 10 && local > 8, `${local}`);
});

Deno.test("FleetClock begins anew when Redis's clock was set, or another server answers", () => {
  for (const jump of [-60_000, 60_000]) {
    const clock = new FleetClock();
    clock.learn(reply(0, { there: 1, back: 1 }));
    const after = reply(1_000, { there: 1, back: 1 });
    clock.learn({ ...after, fleetMs: after.fleetMs + jump });
    assertEquals(Math.round((clock.toFleet(1_002) ?? 0) - AHEAD - jump), 1_001);
  }
});

Deno.test("FleetClock knows nothing of the server before when it was told to forget", () => {
  const clock = new FleetClock();
  clock.learn(reply(0, { there: 1, back: 1 }));
  clock.forget();
  assertEquals([clock.toFleet(1), clock.toLocal(1), clock.learntAt], [
    undefined,
    undefined,
    -Infinity,
  ]);
  // A step that is narrower than the old bounds and a new reply's would not be noticed.
  const after = reply(1_000, { there: 40, back: 40 });
  clock.learn({ ...after, fleetMs: after.fleetMs + 30 });
  assert((clock.toLocal(AHEAD + 1_000 + 30) ?? Infinity) <= 1_000);
});

Deno.test("FleetClock never passes a time for newer than it is when replies take any way", () => {
  const ms = (max: number) => fc.double({ min: 0, max, noNaN: true });
  const step = fc.record({ pass: ms(20_000), there: ms(3_000), back: ms(3_000) });
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 30 }),
      // Within what two sound clocks may part.
      fc.double({ min: -1e-4, max: 1e-4, noNaN: true }),
      (steps, drift) => {
        const clock = new FleetClock();
        let now = 0;
        const fleet = (local: number) => AHEAD + local * (1 + drift);
        for (const { pass, there, back } of steps) {
          now += pass;
          const readAt = now + there;
          clock.learn({ sentAt: now, receivedAt: readAt + back, fleetMs: fleet(readAt) });
          now = readAt + back;
          const [ahead = NaN, local = NaN] = [clock.toFleet(now), clock.toLocal(fleet(now))];
          assert(ahead <= fleet(now) + 1e-2, `${ahead - fleet(now)} ms early`);
          assert(local <= now + 1e-2, `${local - now} ms early`);
          assert(fleet(now) - ahead < 6_001 && now - local < 6_001);
        }
      },
    ),
    { numRuns: 500 },
  );
});
