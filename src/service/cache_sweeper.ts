import type { CoherenceLog } from "../cache/coherence_log.ts";
import type { Config } from "../config/schema.ts";
import type { Timer } from "../core/clock.ts";
import { ScopeWatch } from "../core/scope.ts";
import type { FleetDuty } from "../locks/fleet_duty.ts";
import type { NodeSpec, TopologySnapshot } from "../routing/topology.ts";
import { IntentSweep } from "./intent_sweep.ts";
import type { World } from "./isolate.ts";
import { OutboxSweep, type SweptPrimary } from "./outbox_sweep.ts";
import { shardSpecs, targetOf } from "./settings.ts";

/** What a sweeper is made of. */
export interface CacheSweeperOptions {
  readonly config: Config;
  readonly ca: string | undefined;
  readonly world: World;
  readonly events: Pick<CoherenceLog, "overdue" | "record">;
  /** Which processes sweep. */
  readonly duty: Pick<FleetDuty, "state">;
  readonly topology: () => TopologySnapshot;
  /** The longest that any cache answers with what it has loaded, in milliseconds. */
  readonly longestCacheMs: () => number;
}

/** How many processes of a fleet sweep: one that does not reach a shard leaves two that may. */
export const SWEEPERS = 3;

/** How often, about: three processes must not sweep at the same instant. */
const PERIOD_MS = 1_000;
/** By how much the clocks of a shard's primaries may differ. */
const CLOCKS_MS = 60_000;

/**
 * Makes the caches coherent with writes whose writer cannot: each second it tells of what writes left
 * in the outboxes, and settles the intents that are overdue. A shard that hangs holds up no other.
 */
export class CacheSweeper {
  readonly #options: CacheSweeperOptions;
  readonly #watch: ScopeWatch;
  readonly #outboxes: ReadonlyMap<string, OutboxSweep>;
  readonly #intents: IntentSweep;
  #timer: Timer | undefined;
  #tickedAt = -Infinity;
  #stopped = false;

  constructor(options: CacheSweeperOptions) {
    const { config, world, events, topology } = options;
    this.#options = options;
    const watch = this.#watch = new ScopeWatch({ clock: world.clock, tickMs: 100 });
    const shards = shardSpecs(config);
    // A row is dated when it is written, which can be a whole deadline before its write is applied.
    const keepMs = () => options.longestCacheMs() + config.limits.maxDeadline + CLOCKS_MS;
    const common = { ...world, watch, events };
    this.#outboxes = new Map(
      shards.map(({ name }) => [name, new OutboxSweep({ ...common, shard: name, keepMs })]),
    );
    this.#intents = new IntentSweep({
      ...common,
      shards,
      topology,
      targetOf: (node) => this.#targetOf(node),
      proxied: config.database.proxied,
    });
  }

  /** Begins to sweep each second; also arms a lost timer anew. */
  start(): void {
    const { clock } = this.#options.world;
    if (this.#stopped || clock.now() - this.#tickedAt < 2 * PERIOD_MS) return;
    this.#timer?.cancel();
    this.#tick();
  }

  /** Deletes rows of the outboxes that are too old to matter, where Redis cannot be told of any. */
  async purge(): Promise<void> {
    if (this.#options.duty.state !== "alone" || this.#stopped) return;
    await this.#eachOutbox((outbox, primary) => outbox.purge(primary));
  }

  /** Stops sweeping and closes every connection. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    const closed = [this.#intents, ...this.#outboxes.values()].map((sweep) => sweep.close());
    this.#watch.endAll("shutting_down");
    await Promise.all(closed);
    this.#watch.close();
  }

  #tick(): void {
    const { world: { clock, random }, duty } = this.#options;
    this.#tickedAt = clock.now();
    this.#timer = clock.after(PERIOD_MS * (0.75 + random.next() / 2), () => this.#tick());
    if (duty.state === "ours") {
      void this.#eachOutbox((outbox, primary) => outbox.sweep(primary));
      void this.#intents.sweep();
    } else for (const outbox of this.#outboxes.values()) outbox.rest();
  }

  async #eachOutbox(
    work: (outbox: OutboxSweep, primary: SweptPrimary) => Promise<void>,
  ): Promise<void> {
    const { shards } = this.#options.topology();
    await Promise.all(
      shardSpecs(this.#options.config).map(async ({ name, nodes }) => {
        const outbox = this.#outboxes.get(name);
        const state = shards.find((shard) => shard.name === name);
        const node = nodes.find((spec) => spec.name === state?.primary);
        if (outbox === undefined || state === undefined || node === undefined) return;
        const { epoch } = state;
        await work(outbox, { node: node.name, target: this.#targetOf(node), epoch });
      }),
    );
  }

  #targetOf(node: NodeSpec): ReturnType<typeof targetOf> {
    const { config, ca } = this.#options;
    return targetOf({ config, node, ca });
  }
}
