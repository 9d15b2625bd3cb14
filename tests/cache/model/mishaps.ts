import fc from "fast-check";
import type { WriteFate } from "./model_writer.ts";
import type { Fault, Step } from "./schedule.ts";
import { between, burst, FAULTS, kinds, lag, step, write } from "./steps.ts";

/** The isolate that writes, and the numbers that pick each other one of two or three. */
const WRITER = fc.constant(0);
const OTHERS = [1, 5];

const dies = kinds<WriteFate>("dies_meanwhile");
const applied = kinds<WriteFate>("applied");

function cut(isolate: number, ms: fc.Arbitrary<number>): fc.Arbitrary<Fault> {
  return fc.record({ kind: kinds("cut"), isolate: fc.constant(isolate), ms });
}

const other = fc.constantFrom(...OTHERS);
const stopSweeper = (sweeper: number) =>
  fc.record({
    kind: kinds("stop_sweeper"),
    sweeper: fc.constant(sweeper),
    ms: between(3_000, 6_000),
  });

/** What has to go wrong together, and would hardly ever by chance. */
export const MISHAPS = {
  /** A fail-over forgets an intent that others could not hear of, and its writer dies. */
  orphan: fc.tuple(
    step(lag(between(0, 5_000))),
    ...OTHERS.map((isolate) => step(cut(isolate, between(50, 400)), 30)),
    step(
      fc.record({
        kind: kinds("fail_over"),
        lossMs: between(40, 400),
        splitMs: fc.constant(0),
      }),
      30,
    ),
    step(write({ fate: dies, takesMs: between(300, 1_000), isolate: WRITER }), 30),
  ),
  /** A writer dies while nobody sweeps, and others begin. */
  abandoned: fc.tuple(
    step(lag(between(0, 5_000))),
    step(stopSweeper(0), 30),
    step(stopSweeper(1), 30),
    step(write({ fate: dies, takesMs: between(100, 1_000), isolate: WRITER }), 30),
    step(fc.record({ kind: kinds("kill"), isolate: other, awayMs: between(1, 50) }), 200),
  ),
  /** The log forgets what an isolate missed. */
  overrun: other.chain((isolate) =>
    fc.tuple(
      step(cut(isolate, between(200, 1_500))),
      step(write({ fate: applied, isolate: WRITER }), 100),
      step(burst, 100),
      step(burst, 100),
    )
  ),
  /** An isolate misses a write and begins anew while the replica lags. */
  missed: other.chain((isolate) =>
    fc.tuple(
      step(lag(between(3_000, 6_000))),
      step(cut(isolate, between(2_000, 4_000)), 1_500),
      step(write({ fate: applied, isolate: WRITER })),
    )
  ),
  /** Answers are late, and then nothing comes any more. */
  late: fc.tuple(other, between(300, 900)).chain(([isolate, byMs]) =>
    fc.tuple(
      step(fc.record({
        kind: kinds("slow"),
        isolate: fc.constant(isolate),
        ms: fc.constant(4_000),
        byMs: fc.constant(byMs),
      })),
      step(write({ fate: applied, isolate: WRITER }), 3_000),
      fc.record({ afterMs: between(1, byMs), action: cut(isolate, between(2_000, 4_000)) }),
    )
  ),
} satisfies Readonly<Record<string, fc.Arbitrary<readonly Step[]>>>;

/** All that can go wrong, by name. */
export type HarmName = keyof typeof MISHAPS | keyof typeof FAULTS;

/** Harm of one kind. */
export function harm(name: HarmName): fc.Arbitrary<readonly Step[]> {
  if (name in MISHAPS) return MISHAPS[name as keyof typeof MISHAPS];
  return step(FAULTS[name as keyof typeof FAULTS]).map((step) => [step]);
}

/** All the names. */
export const HARMS = [...Object.keys(MISHAPS), ...Object.keys(FAULTS)] as readonly HarmName[];
