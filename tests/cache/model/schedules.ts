import fc from "fast-check";
import { harm, type HarmName } from "./mishaps.ts";
import type { WriteFate } from "./model_writer.ts";
import type { Schedule, Step } from "./schedule.ts";
import { between, burst, kinds, lag, read, step, write } from "./steps.ts";

const unharmed = kinds<WriteFate>("applied", "refused");
const anyFate = fc.oneof(
  { weight: 6, arbitrary: kinds<WriteFate>("applied") },
  {
    weight: 5,
    arbitrary: kinds<WriteFate>(
      "refused",
      "reply_lost",
      "dies_after_intent",
      "dies_meanwhile",
      "dies_after_commit",
      "dies_after_acknowledging",
    ),
  },
);

/** What clients and the replica do. */
function use(fate: fc.Arbitrary<WriteFate>): fc.Arbitrary<readonly Step[]> {
  const lags = lag(fc.oneof(fc.constant(0), between(0, 300), between(300, 6_000)));
  return step(fc.oneof(
    { weight: 6, arbitrary: write({ fate }) },
    { weight: 3, arbitrary: read },
    { weight: 1, arbitrary: burst },
    { weight: 1, arbitrary: lags },
  )).map((step) => [step]);
}

function schedules(
  steps: fc.Arbitrary<readonly Step[]>,
  options: { readonly maxDelayMs: number },
): fc.Arbitrary<Schedule> {
  return fc.record({
    seed: fc.nat(),
    isolates: between(2, 3),
    delayMs: between(1, options.maxDelayMs),
    keeps: fc.oneof(between(3, 10), between(10, 60)),
    pushFirst: fc.boolean(),
    lookEveryMs: fc.oneof(between(100, 500), between(500, 1_500)),
    pollMs: between(30, 200),
    ttlMs: fc.constantFrom(3_600_000, 500),
    steps: fc.array(steps, { maxLength: 25, size: "max" }).map((all) => all.flat()),
  });
}

/** Schedules in which nothing goes wrong. */
export const calmSchedules: fc.Arbitrary<Schedule> = schedules(use(unharmed), { maxDelayMs: 12 });

/** Schedules with this harm, and writers that die. */
export function roughSchedules(names: readonly HarmName[]): fc.Arbitrary<Schedule> {
  const steps = fc.oneof(
    { weight: 3, arbitrary: use(anyFate) },
    { weight: 1, arbitrary: fc.oneof(...names.map(harm)) },
  );
  return schedules(steps, { maxDelayMs: 60 });
}
