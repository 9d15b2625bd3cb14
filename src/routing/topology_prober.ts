import type { Clock, Timer } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { ScopeWatch } from "../core/scope.ts";
import type { MysqlDriver, MysqlTarget } from "../drivers/mysql.ts";
import type { EpochStore } from "./epoch_store.ts";
import { HeartbeatWriter } from "./heartbeat_writer.ts";
import { NodeProbe } from "./node_probe.ts";
import { NO_PRIMACY } from "./primacy.ts";
import type { NodeSpec, ShardSpec, ShardState, TopologySnapshot } from "./topology.ts";
import {
  isObserved,
  type Observation,
  type Observations,
  shardState,
  writableNodes,
} from "./topology_state.ts";

/** What a {@linkcode TopologyProber} is made of. */
export interface TopologyProberOptions {
  readonly shards: readonly ShardSpec[];
  readonly targetOf: (node: NodeSpec) => MysqlTarget;
  readonly driver: MysqlDriver;
  readonly store: EpochStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of every change at once, and of everything each period. */
  readonly onSnapshot: (snapshot: TopologySnapshot) => void;
  /** Replicas further behind take no reads. @default {5_000} */
  readonly maxLagMs?: number;
  /** How often every node is looked at. @default {1_000} */
  readonly periodMs?: number;
  /** How long one look may take. @default {1_000} */
  readonly timeoutMs?: number;
}

interface WatchedShard {
  readonly spec: ShardSpec;
  readonly probes: readonly NodeProbe[];
  readonly heartbeat: HeartbeatWriter;
  readonly observations: Map<string, Observation>;
  state: ShardState;
  /** Whether something was seen that `state` does not show yet. */
  dirty: boolean;
  settling: Promise<void> | undefined;
}

/** A write may hang this long for a semi-synchronous replica before its connection is given up. */
const HEARTBEAT_TIMEOUT_MS = 5_000;

/**
 * Looks at every node each second, agrees with the fleet on each shard's primary, writes the
 * heartbeat rows, and tells what it knows as a snapshot. One per process, in its main isolate. It
 * promotes nobody: it follows what the nodes say.
 *
 * It has one connection to each node, and one more to each primary for the heartbeat.
 */
export class TopologyProber {
  readonly #options: TopologyProberOptions;
  readonly #watch: ScopeWatch;
  readonly #shards: readonly WatchedShard[];
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: TopologyProberOptions) {
    this.#options = options;
    this.#watch = new ScopeWatch({ clock: options.clock });
    this.#shards = options.shards.map((spec) => this.#watchShard(spec));
  }

  /** What is known now. */
  get snapshot(): TopologySnapshot {
    const shards = this.#shards.map(({ state }) => state);
    return { at: this.#options.clock.wallMs(), shards };
  }

  /**
   * Looks at every node once, then goes on by itself. Nodes that are down hold the start up for no
   * longer than one look may take.
   *
   * @throws {Error} if a node's account has a privilege that the service must not have
   */
  async start(): Promise<void> {
    await Promise.all(this.#shards.map((shard) => this.#lookAt(shard)));
    for (const { observations } of this.#shards) {
      for (const { node, refused, trouble } of observations.values()) {
        if (!refused) continue;
        await this.stop();
        throw new Error(`Cannot use node ${node}: ${trouble}`);
      }
    }
    this.rearm();
    this.#tell();
  }

  /** Starts the timer anew; for a task that makes sure it was not lost. */
  rearm(): void {
    if (this.#stopped) return;
    this.#timer?.cancel();
    this.#timer = this.#options.clock.every(this.#options.periodMs ?? 1_000, () => this.#tick());
  }

  /**
   * Looks at a shard's nodes after an error, with looks that begin after this call, and tells what
   * came out. Calls that come while one such look waits to begin share it.
   */
  async probeNow(shard: string): Promise<void> {
    const watched = this.#shards.find(({ spec }) => spec.name === shard);
    if (watched === undefined || this.#stopped) return;
    await Promise.all(watched.probes.map(async (probe) => {
      await probe.lookAfresh();
      await watched.settling;
      this.#tell();
    }));
  }

  /** Stops and closes every connection. Does nothing the second time. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#watch.endAll("shutting_down");
    await Promise.all(this.#shards.map(async ({ probes, heartbeat, settling }) => {
      await Promise.all([heartbeat.close(), settling, ...probes.map((probe) => probe.close())]);
    }));
    this.#watch.close();
  }

  #watchShard(spec: ShardSpec): WatchedShard {
    const { driver, clock, log, targetOf, timeoutMs = 1_000 } = this.#options;
    const observations = new Map<string, Observation>();
    const watch = this.#watch;
    const probes = spec.nodes.map((node) =>
      new NodeProbe({
        node: node.name,
        target: targetOf(node),
        driver,
        clock,
        watch,
        timeoutMs,
        onLook: (observation) => this.#take(watched, observation),
      })
    );
    const watched: WatchedShard = {
      spec,
      probes,
      heartbeat: new HeartbeatWriter({ driver, watch, log, timeoutMs: HEARTBEAT_TIMEOUT_MS }),
      observations,
      state: this.#stateOf(spec, { observations, writable: [], primacy: NO_PRIMACY }),
      dirty: false,
      settling: undefined,
    };
    return watched;
  }

  #tick(): void {
    this.#tell();
    for (const shard of this.#shards) void this.#lookAt(shard);
  }

  async #lookAt(shard: WatchedShard): Promise<void> {
    await Promise.all(shard.probes.map((probe) => probe.look()));
    await shard.settling;
  }

  #take(shard: WatchedShard, observation: Observation): void {
    const before = shard.observations.get(observation.node);
    if (observation.refused && before?.refused !== true) {
      const { node, trouble } = observation;
      this.#options.log.error("a node cannot be used", { node, trouble });
    }
    shard.observations.set(observation.node, observation);
    shard.dirty = true;
    shard.settling ??= this.#settle(shard);
  }

  async #settle(shard: WatchedShard): Promise<void> {
    // Looks that end together are settled together.
    await Promise.resolve();
    while (shard.dirty && !this.#stopped) {
      shard.dirty = false;
      const observations = new Map(shard.observations);
      if (isObserved(shard.spec, observations)) await this.#agree(shard, observations);
    }
    shard.settling = undefined;
  }

  async #agree(shard: WatchedShard, observations: Observations): Promise<void> {
    const { spec, heartbeat, state: before } = shard;
    const { store, targetOf } = this.#options;
    const writable = writableNodes(spec, observations);
    const canBeat = writable.length === 1 && !heartbeat.busy;
    const { primacy, beat } = await store.observe(spec.name, { writable, canBeat });
    shard.state = this.#stateOf(spec, { observations, writable, primacy });
    const node = spec.nodes.find(({ name }) => name === shard.state.primary);
    if (beat && node !== undefined) heartbeat.beat(node.name, targetOf(node));
    if (signature(before) === signature(shard.state)) return;
    this.#say(before, shard.state);
    this.#tell();
  }

  #stateOf(
    spec: ShardSpec,
    known: Omit<Parameters<typeof shardState>[1], "maxLagMs">,
  ): ShardState {
    return shardState(spec, { ...known, maxLagMs: this.#options.maxLagMs ?? 5_000 });
  }

  #tell(): void {
    if (!this.#stopped) this.#options.onSnapshot(this.snapshot);
  }

  #say(before: ShardState, after: ShardState): void {
    const { log } = this.#options;
    const { name: shard, primary, epoch, status, why } = after;
    if (before.primary !== primary || before.status !== status) {
      if (status === "ok") log.info("shard has a primary", { shard, primary, epoch });
      else if (status === "split_brain") log.error("shard refuses writes", { shard, status, why });
      else log.warn("shard refuses writes", { shard, status, why });
    }
    for (const { name: node, ejected } of after.nodes) {
      const old = before.nodes.find(({ name }) => name === node)?.ejected;
      if (ejected !== undefined && old === undefined) log.warn("node is out", { node, ejected });
      if (ejected === undefined && old !== undefined) log.info("node is in", { node });
    }
  }
}

/** What isolates must learn at once; lag and the like can wait for the next period. */
function signature({ epoch, primary, status, nodes }: ShardState): string {
  const each = nodes.map(({ role, up, ejected }) => [role, up, ejected === undefined]);
  return JSON.stringify([epoch, primary, status, each]);
}
