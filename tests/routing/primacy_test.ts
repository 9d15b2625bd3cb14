import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { decidePrimacy, NO_PRIMACY, type Primacy, QUIET_MS } from "../../src/routing/primacy.ts";

const WALL = 1_800_000_000_000;

function after(known: Primacy, reports: readonly (readonly [number, string])[]): Primacy {
  return reports.reduce<Primacy>(
    (primacy, [now, writable]) =>
      decidePrimacy(primacy, { writable: [...writable], now, wallMs: WALL + now }),
    known,
  );
}

Deno.test("decidePrimacy takes the only writable node when there was no primary", () => {
  assertEquals(after(NO_PRIMACY, [[0, ""]]).primary, null);
  assertEquals(after(NO_PRIMACY, [[0, "ab"]]).primary, null);
  const first = after(NO_PRIMACY, [[5, "a"]]);
  assertEquals([first.primary, first.epoch], ["a", (WALL + 5) * 1_000]);
});

Deno.test("decidePrimacy replaces the primary when nobody saw it writable for 3 s", () => {
  const known = after(NO_PRIMACY, [[0, "a"]]);
  const early = after(known, [[1_000, "b"], [2_000, "b"], [2_999, "b"]]);
  assertEquals([early.primary, early.epoch], ["a", known.epoch]);
  const late = after(early, [[3_000, "b"]]);
  assertEquals(late.primary, "b");
  assert(late.epoch > known.epoch);
});

Deno.test("decidePrimacy keeps the primary when another prober still sees it writable", () => {
  const known = after(NO_PRIMACY, [[0, "a"]]);
  const reports = Array.from({ length: 20 }, (_, n) => [n * 500, n % 4 === 0 ? "a" : "b"] as const);
  assertEquals(after(known, reports).epoch, known.epoch);
});

Deno.test("decidePrimacy does not count time in which nobody could report", () => {
  const known = after(NO_PRIMACY, [[0, "a"]]);
  assertEquals(after(known, [[60_000, "b"]]).primary, "a");
  assertEquals(after(known, [[60_000, "b"], [61_000, "b"], [61_500, "b"]]).primary, "b");
  // A clock that is set back adds nothing, and takes nothing away.
  assertEquals(after(known, [[1_500, "b"], [-9_000, "b"], [-8_000, "b"]]).primary, "a");
  assertEquals(after(known, [[1_500, "b"], [-9_000, "b"], [-7_500, "b"]]).primary, "b");
});

Deno.test("decidePrimacy gives a newer epoch when the clock was set back", () => {
  const known = { primary: "a", epoch: (WALL + 1e9) * 1_000, unseenMs: QUIET_MS, heardAt: 0 };
  assertEquals(after(known, [[1, "b"]]).epoch, known.epoch + 1);
});

const NODES = ["a", "b", "c"];

Deno.test("decidePrimacy replaces no primary that is seen writable in any schedule", () => {
  // Time passes, a node's read_only may flip, some prober looks at the nodes that it can reach.
  const step = fc.record({
    pass: fc.integer({ min: 0, max: 1_600 }),
    flip: fc.option(fc.constantFrom(...NODES), { freq: 2 }),
    reach: fc.oneof(
      { weight: 3, arbitrary: fc.constant(NODES) },
      { weight: 1, arbitrary: fc.subarray(NODES, { minLength: 1 }) },
    ),
  });
  let replaced = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 80 }), (steps) => {
      const writable = new Set(["a"]);
      let [now, primacy] = [0, NO_PRIMACY];
      /** When any prober last saw the primary writable. */
      let seenAt = -Infinity;
      for (const { pass, flip, reach } of steps) {
        now += pass;
        if (flip !== null && !writable.delete(flip)) writable.add(flip);
        const seen = reach.filter((node) => writable.has(node));
        const before = primacy;
        primacy = decidePrimacy(before, { writable: seen, now, wallMs: WALL + now });
        if (primacy.primary === before.primary) {
          assertEquals(primacy.epoch, before.epoch);
        } else {
          assert(primacy.epoch > before.epoch, "a primary changed without a newer epoch");
          assertEquals(seen, [primacy.primary]);
          assert(now - seenAt >= QUIET_MS, "a primary that was seen writable was replaced");
          if (before.primary !== null) replaced++;
        }
        if (primacy.primary !== null && seen.includes(primacy.primary)) seenAt = now;
      }
    }),
    { numRuns: 1_000 },
  );
  assert(replaced > 100, `only ${replaced} replacements were tried`);
});
