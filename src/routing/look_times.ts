import type { Clock } from "../core/clock.ts";
import type { TopologySnapshot } from "./topology.ts";

/** For how long a look may be on its way here, on the wall clock that it was dated by. */
const ON_ITS_WAY_MS = 10_000;

/**
 * When looks began, on the clock of this isolate that nobody sets. They are told by the wall clock,
 * which all isolates of a process share: were it set back, a look of before would seem to have begun
 * after an instant that was read since.
 *
 * Errs to the past alone: by 2 ms; and where the wall clock was set, by as much as it was, for 10 s.
 *
 * @example
 * ```ts
 * import { LookTimes } from "./look_times.ts";
 * import { systemClock } from "../core/clock.ts";
 * import { unknownShard } from "./topology_view.ts";
 * import { assert } from "@std/assert";
 *
 * const node = { name: "s1a", shard: "s1", host: "10.0.0.1", port: 3306, weight: 1 };
 * const told = unknownShard({ name: "s1", role: "auto", nodes: [node] });
 * const looks = new LookTimes({ clock: systemClock });
 * assert(looks.began("s1a") === -Infinity);
 * const nodes = told.nodes.map((one) => ({ ...one, observedAt: Date.now() }));
 * looks.take({ at: Date.now(), shards: [{ ...told, nodes }] });
 * assert(looks.began("s1a") < systemClock.now());
 * ```
 */
export class LookTimes {
  readonly #clock: Clock;
  /** By node: the look as it was told, and when it began. */
  readonly #looks = new Map<string, { readonly observedAt: number; readonly began: number }>();
  /** How far the wall clock was ahead of the other when something was told, newest last. */
  #leads: readonly { readonly at: number; readonly ms: number }[] = [];

  constructor(options: { readonly clock: Clock }) {
    this.#clock = options.clock;
  }

  /** Takes over what was told just now; to be called with each snapshot. */
  take(snapshot: TopologySnapshot): void {
    const now = this.#clock.now();
    // Read second, and its last millisecond counted as over: at least how far it is ahead.
    const lead = { at: now, ms: this.#clock.wallMs() + 1 - now };
    const recent = this.#leads.filter(({ at }) => at >= now - ON_ITS_WAY_MS);
    this.#leads = [...recent, lead];
    const ms = Math.max(...this.#leads.map(({ ms }) => ms));
    for (const { name, observedAt } of snapshot.shards.flatMap(({ nodes }) => nodes)) {
      if (observedAt === undefined) this.#looks.delete(name);
      else if (this.#looks.get(name)?.observedAt !== observedAt) {
        this.#looks.set(name, { observedAt, began: observedAt - ms });
      }
    }
  }

  /** When the last look at a node began, at the earliest; `-Infinity` before the first. */
  began(node: string): number {
    return this.#looks.get(node)?.began ?? -Infinity;
  }
}
