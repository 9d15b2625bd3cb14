import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { ScopeWatch } from "../core/scope.ts";
import type { MysqlDriver, MysqlTarget } from "../drivers/mysql.ts";
import type { EpochStore } from "./epoch_store.ts";
import { HeartbeatWriter } from "./heartbeat_writer.ts";
import { NodeProbe } from "./node_probe.ts";
import { NO_PRIMACY, type Primacy } from "./primacy.ts";
import { isNews, sayChanges } from "./shard_changes.ts";
import type { ShardReport } from "./shard_report.ts";
import type { Drains, NodeSpec, ShardSpec, ShardState } from "./topology.ts";
import {
  isObserved,
  type Observation,
  type Observations,
  shardState,
  writableNodes,
} from "./topology_state.ts";

/** What a {@linkcode ShardWatch} is made of. */
export interface ShardWatchOptions {
  readonly spec: ShardSpec;
  readonly targetOf: (node: NodeSpec) => MysqlTarget;
  readonly driver: MysqlDriver;
  readonly store: EpochStore;
  /** The nodes that operators took out. */
  readonly drains: () => Drains;
  readonly clock: Clock;
  readonly log: Log;
  readonly watch: ScopeWatch;
  readonly maxLagMs: number;
  /** How long one look may take. */
  readonly timeoutMs: number;
  /** Told when something changed that isolates must learn at once. */
  readonly onChange: () => void;
  /** Told what the other processes should learn. */
  readonly onReport: (report: ShardReport) => void;
}

/** A write may hang this long for a semi-synchronous replica before its connection is given up. */
const HEARTBEAT_TIMEOUT_MS = 5_000;
/** Looks that began longer ago are no evidence of who is writable now, as after a pause. */
const EVIDENCE_MS = 4_000;

/**
 * What a process knows of one shard: the newest look at each node, its own or another process's, and
 * the primacy that the fleet agreed on.
 *
 * Whether it can reach a node is a matter of its own: where another says that a node is up that this
 * process knows as down, or the other way round, it looks for itself and believes that. So one
 * process with a bad network takes no node from the others; and since each reports to the
 * {@linkcode EpochStore} what it saw, a primary stays as long as anybody sees it writable, as if all
 * of them looked all the time. What only the node can know, such as whether it is writable, is
 * believed whoever has asked it.
 */
export class ShardWatch {
  readonly spec: ShardSpec;
  readonly #options: ShardWatchOptions;
  readonly #probes: ReadonlyMap<string, NodeProbe>;
  readonly #heartbeat: HeartbeatWriter;
  readonly #observations = new Map<string, Observation>();
  /** The nodes that were writable when this was judged last. */
  #writable: readonly string[] = [];
  #primacy: Primacy = NO_PRIMACY;
  #state: ShardState;
  /** Whether this process saw something that it did not report yet. */
  #dirty = false;
  #settling: Promise<void> | undefined;
  /** Rounds of looks for the fleet that are under way. */
  #rounds = 0;
  #closed = false;

  constructor(options: ShardWatchOptions) {
    const { spec, targetOf, timeoutMs } = options;
    this.#options = options;
    this.spec = spec;
    this.#heartbeat = new HeartbeatWriter({ ...options, timeoutMs: HEARTBEAT_TIMEOUT_MS });
    this.#probes = new Map(spec.nodes.map((node) => [
      node.name,
      new NodeProbe({
        ...options,
        node: node.name,
        target: targetOf(node),
        timeoutMs,
        onLook: (observation) => this.#take(observation),
      }),
    ]));
    this.#state = this.#judge();
  }

  /** What is known now. */
  get state(): ShardState {
    return this.#state;
  }

  /** The newest look at each node that was looked at. */
  get observations(): Observations {
    return this.#observations;
  }

  /** What others may learn: every look with its own time, whoever made it. */
  get report(): ShardReport {
    const { primary, epoch, unseenMs } = this.#primacy;
    return {
      shard: this.spec.name,
      primacy: { primary, epoch, unseenMs },
      looks: [...this.#observations.values()],
    };
  }

  /** Looks at every node, for this process alone. Never fails. */
  async look(): Promise<void> {
    await Promise.all([...this.#probes.values()].map((probe) => probe.look()));
    await this.#settling;
  }

  /**
   * Looks at every node for the fleet: others are told of every change at once, and of everything
   * at the end. Never fails.
   *
   * @param options.afresh whether a look that is under way already does not do; default false
   * @param options.onEach told when a node's look has its effect on the state
   */
  async lookForFleet(
    options: { readonly afresh?: boolean; readonly onEach?: () => void } = {},
  ): Promise<void> {
    const { afresh = false, onEach } = options;
    this.#rounds++;
    try {
      await Promise.all([...this.#probes.values()].map(async (probe) => {
        await (afresh ? probe.lookAfresh() : probe.look());
        await this.#settling;
        onEach?.();
      }));
    } finally {
      this.#rounds--;
    }
    this.#share();
  }

  /**
   * Takes over what another process saw later than this one. Where the two disagree on who is up it
   * looks at the whole shard instead: looks of two processes do not overlap in time, and of two
   * writable nodes only those that do are known to be writable at once.
   */
  hear(report: ShardReport): void {
    if (this.#closed) return;
    const newer = report.looks.filter(({ node, beganAt }) =>
      beganAt > (this.#observations.get(node)?.beganAt ?? Infinity)
    );
    if (newer.some(({ node, up }) => up !== this.#observations.get(node)?.up)) {
      for (const probe of this.#probes.values()) void probe.lookAfresh();
    } else {
      for (const told of newer) this.#observations.set(told.node, told);
    }
    this.#primacy = this.#options.store.learn(this.spec.name, report.primacy);
    this.renew();
  }

  /** Judges anew, after a node was drained or taken back. */
  renew(): void {
    const before = this.#state;
    this.#state = this.#judge();
    if (!isNews(before, this.#state)) return;
    sayChanges(this.#options.log, before, this.#state);
    this.#options.onChange();
    if (this.#rounds > 0) this.#share();
  }

  /** Gives up connections that were not used for a while. */
  rest(): void {
    for (const probe of this.#probes.values()) probe.rest();
    this.#heartbeat.rest();
  }

  /** Stops looking and closes every connection; looks under way end at once. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([
      this.#heartbeat.close(),
      this.#settling,
      ...[...this.#probes.values()].map((probe) => probe.close()),
    ]);
  }

  #take(observation: Observation): void {
    const { node, refused, trouble } = observation;
    const before = this.#observations.get(node);
    if (refused && before?.refused !== true) {
      this.#options.log.error("a node cannot be used", { node, trouble });
    }
    // This process may have been stopped while it looked.
    if (before !== undefined && before.beganAt > observation.beganAt) return;
    this.#observations.set(node, observation);
    this.#dirty = true;
    this.#settling ??= this.#settle();
  }

  async #settle(): Promise<void> {
    // Looks that end together are settled together.
    await Promise.resolve();
    while (this.#dirty && !this.#closed) {
      this.#dirty = false;
      if (isObserved(this.spec, this.#observations)) await this.#agree();
    }
    this.#settling = undefined;
  }

  async #agree(): Promise<void> {
    const { store, targetOf } = this.#options;
    const writable = writableNodes(this.spec, this.#evidence(), this.#writable);
    const canBeat = writable.length === 1 && !this.#heartbeat.busy;
    const { primacy, beat } = await store.observe(this.spec.name, { writable, canBeat });
    this.#primacy = primacy;
    this.renew();
    const node = this.spec.nodes.find(({ name }) => name === this.#state.primary);
    if (beat && node !== undefined) this.#heartbeat.beat(node.name, targetOf(node));
  }

  /** The looks that are recent enough to be reported. */
  #evidence(): Observations {
    const since = this.#options.clock.now() - EVIDENCE_MS;
    return new Map([...this.#observations].filter(([, { beganAt }]) => beganAt >= since));
  }

  #judge(): ShardState {
    const observations = this.#observations;
    this.#writable = writableNodes(this.spec, observations, this.#writable);
    return shardState(this.spec, {
      observations,
      writable: this.#writable,
      primacy: this.#primacy,
      drains: this.#options.drains(),
      maxLagMs: this.#options.maxLagMs,
    });
  }

  #share(): void {
    if (!this.#closed) this.#options.onReport(this.report);
  }
}
