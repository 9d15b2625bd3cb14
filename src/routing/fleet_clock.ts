/** How fast two sound clocks may part: 100 µs in a second. */
const DRIFT = 1e-4;

/** What one reply of Redis says of its clock. */
export interface ClockReading {
  /** When it was asked and when the reply came, on this process's clock. */
  readonly sentAt: number;
  readonly receivedAt: number;
  /** Redis's time, in milliseconds; read at some instant between the two. */
  readonly fleetMs: number;
}

/**
 * Redis's clock, as one process knows it from replies: the time by which processes of a fleet say
 * when they saw something. Their monotonic clocks have nothing in common, and their wall clocks
 * differ by whatever their machines do.
 *
 * Each reply bounds the difference between the two clocks; the bounds of many are narrower than a
 * round trip, and widen with time. Both conversions err to the past, by no more than the bounds'
 * width, so that nothing ever passes for newer than it is, however long a process was stopped
 * before it sent or read what it converts. A reply that the bounds rule out means that one clock
 * was set, or that another server answers now: it begins anew.
 *
 * @example
 * ```ts
 * import { FleetClock } from "./fleet_clock.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const clock = new FleetClock();
 * assertEquals(clock.toFleet(100), undefined);
 * clock.learn({ sentAt: 100, receivedAt: 102, fleetMs: 5_000 });
 * assertEquals(Math.round(clock.toFleet(102) ?? 0), 5_000);
 * assertEquals(Math.round(clock.toLocal(5_000) ?? 0), 100);
 * ```
 */
export class FleetClock {
  #bounds: { readonly low: number; readonly high: number; readonly at: number } | undefined;

  /** When it last learnt something, on this process's clock. */
  get learntAt(): number {
    return this.#bounds?.at ?? -Infinity;
  }

  /** Takes a reply into account. */
  learn({ sentAt, receivedAt, fleetMs }: ClockReading): void {
    const slack = DRIFT * (receivedAt - sentAt);
    const [low, high] = [fleetMs - receivedAt - slack, fleetMs - sentAt + slack];
    const known = this.#boundsAt(receivedAt);
    const narrow = {
      low: Math.max(low, known?.low ?? low),
      high: Math.min(high, known?.high ?? high),
      at: receivedAt,
    };
    this.#bounds = narrow.low <= narrow.high ? narrow : { low, high, at: receivedAt };
  }

  /** Knows nothing from now on, for another server may answer next, with another clock. */
  forget(): void {
    this.#bounds = undefined;
  }

  /** Redis's time at a local instant, at the earliest; `undefined` before the first reply. */
  toFleet(localMs: number): number | undefined {
    const bounds = this.#boundsAt(localMs);
    return bounds === undefined ? undefined : localMs + bounds.low;
  }

  /** The local instant of a time of Redis's, at the earliest; `undefined` before the first reply. */
  toLocal(fleetMs: number): number | undefined {
    if (this.#bounds === undefined) return undefined;
    const bounds = this.#boundsAt(fleetMs - this.#bounds.high);
    return bounds === undefined ? undefined : fleetMs - bounds.high;
  }

  /** How far Redis's clock is ahead at a local instant, at least and at most. */
  #boundsAt(localMs: number): { readonly low: number; readonly high: number } | undefined {
    if (this.#bounds === undefined) return undefined;
    const { low, high, at } = this.#bounds;
    const slack = DRIFT * Math.abs(localMs - at);
    return { low: low - slack, high: high + slack };
  }
}
