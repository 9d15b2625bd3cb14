import fc from "fast-check";
import { STATEMENT_MS, type WriteFate } from "./model_writer.ts";
import type { Action, Fault, Step } from "./schedule.ts";

/** A number from one bound to the other. */
export function between(min: number, max: number): fc.Arbitrary<number> {
  return fc.integer({ min, max });
}

/** One of these words. */
export function kinds<Kind extends string>(...kinds: readonly Kind[]): fc.Arbitrary<Kind> {
  return fc.constantFrom(...kinds);
}

const isolate = fc.nat({ max: 2 });
const key = fc.nat({ max: 1 });
const lasting = fc.oneof(between(1, 300), between(300, 2_000), between(2_000, 5_000));

/** A write. */
export function write(options: {
  readonly fate: fc.Arbitrary<WriteFate>;
  readonly takesMs?: fc.Arbitrary<number>;
  readonly isolate?: fc.Arbitrary<number>;
}) {
  const takesMs = fc.oneof(between(1, 20), between(20, STATEMENT_MS));
  return fc.record({ kind: kinds("write"), isolate, key, takesMs, ...options });
}

/** A read that may take long, and whose client may leave. */
export const read = fc.record({
  kind: kinds("read"),
  isolate,
  key,
  takesMs: fc.oneof(
    { weight: 4, arbitrary: between(1, 10) },
    { weight: 2, arbitrary: between(10, 300) },
    { weight: 1, arbitrary: between(300, 3_000) },
  ),
  staysMs: fc.option(between(0, 500), { nil: undefined, freq: 3 }),
});

/** More writes at once than some logs keep. */
export const burst = fc.record({ kind: kinds("burst"), isolate, key, count: between(5, 30) });

/** How late the replica is from now on. */
export function lag(ms: fc.Arbitrary<number>) {
  return fc.record({ kind: kinds("lag"), ms });
}

/** An action that comes after some time, most often soon. */
export function step(action: fc.Arbitrary<Action>, withinMs = 900): fc.Arbitrary<Step> {
  return fc.record({ afterMs: fc.oneof(between(0, 30), between(0, withinMs)), action });
}

/** Faults by name, so that a test can ask for some. */
export const FAULTS = {
  network: fc.oneof(
    fc.record({ kind: kinds("cut", "freeze"), isolate, ms: lasting }),
    fc.record({ kind: kinds("slow"), isolate, ms: lasting, byMs: between(10, 900) }),
  ),
  stop: fc.record({ kind: kinds("stop"), isolate, ms: lasting }),
  kill: fc.record({ kind: kinds("kill"), isolate, awayMs: lasting }),
  retire: fc.record({ kind: kinds("retire"), isolate, awayMs: lasting }),
  sweeper: fc.record({ kind: kinds("cut_sweeper", "stop_sweeper"), sweeper: isolate, ms: lasting }),
  connections: fc.record({ kind: kinds("close_connections") }),
  stall: fc.record({ kind: kinds("stall"), ms: lasting }),
  flush: fc.record({ kind: kinds("flush") }),
  restart: fc.record({ kind: kinds("restart"), awayMs: lasting, empty: fc.boolean() }),
  failOver: fc.record({
    kind: kinds("fail_over"),
    lossMs: fc.oneof(fc.constant(0), between(1, 1_500)),
    splitMs: fc.constant(0),
  }),
  split: fc.record({
    kind: kinds("fail_over"),
    lossMs: fc.oneof(fc.constant(0), between(1, 300)),
    splitMs: between(1, 1_500),
  }),
} satisfies Readonly<Record<string, fc.Arbitrary<Fault>>>;
