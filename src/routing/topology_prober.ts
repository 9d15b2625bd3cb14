import type { Clock, Timer } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import { ScopeWatch } from "../core/scope.ts";
import type { MysqlDriver, MysqlTarget } from "../drivers/mysql.ts";
import type { FleetDuty } from "../locks/fleet_duty.ts";
import type { EpochStore } from "./epoch_store.ts";
import type { ShardReport } from "./shard_report.ts";
import { ShardWatch } from "./shard_watch.ts";
import type { Drains, NodeSpec, ShardSpec, TopologySnapshot } from "./topology.ts";
import type { TopologyBulletin } from "./topology_bulletin.ts";

/** What a {@linkcode TopologyProber} is made of. */
export interface TopologyProberOptions {
  readonly shards: readonly ShardSpec[];
  readonly targetOf: (node: NodeSpec) => MysqlTarget;
  readonly driver: MysqlDriver;
  readonly store: EpochStore;
  /** Who looks at the nodes for the fleet. */
  readonly duty: Pick<FleetDuty, "state">;
  readonly bulletin: TopologyBulletin;
  /** The nodes that operators took out. */
  readonly drains: () => Drains;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Told of every change at once, and of everything each period. */
  readonly onSnapshot: (snapshot: TopologySnapshot) => void;
  /** Replicas further behind take no reads. @default {5_000} */
  readonly maxLagMs?: number;
  /** How often the process on duty looks at every node. @default {1_000} */
  readonly periodMs?: number;
  /** How long one look may take. @default {1_000} */
  readonly timeoutMs?: number;
}

interface Followed {
  readonly watch: ShardWatch;
  /** When this process looks for itself, on its clock, unless it hears of a look before. */
  dueAt: number;
}

/**
 * For how long another process's looks do. One that is on duty tells each second, and each 2 s of a
 * node that does not answer.
 */
const HEARD_MS = 2_500;

/**
 * What one process knows of the fleet's databases, as a snapshot each second. One per process, in
 * its main isolate. It promotes nobody: it follows what the nodes say.
 *
 * The process on duty looks at every node each second, agrees with the fleet on each shard's
 * primary, writes the heartbeat rows, and tells the others, which look at nothing by themselves:
 * a fleet costs its databases the same however many processes it has. Others look at a shard
 * themselves
 *
 * - once at start;
 * - at once when a request met an error there, and tell the fleet what they found;
 * - when they hear of a node as up that they know as down, or the other way round;
 * - when they have heard nothing of it for 2.5 to 3.5 s, since the process on duty was killed or
 *   stopped, or Redis was: then each 2 to 3 s, and each second while the shard has no primary. They
 *   tell what they found, which puts the others' looks off; without Redis each looks for itself.
 *
 * So what is believed of a shard is never older than some 4 s, 5 s where a node does not answer.
 * How old a look is, is told by its own time; a report that was held up, or that comes from a
 * process that was stopped meanwhile, replaces nothing newer and puts no look off.
 */
export class TopologyProber {
  readonly #options: TopologyProberOptions;
  readonly #watch: ScopeWatch;
  readonly #shards: ReadonlyMap<string, Followed>;
  #timer: Timer | undefined;
  #tickedAt = -Infinity;
  #stopped = false;

  constructor(options: TopologyProberOptions) {
    const { shards, maxLagMs = 5_000, timeoutMs = 1_000 } = options;
    this.#options = options;
    const watch = this.#watch = new ScopeWatch({ clock: options.clock });
    this.#shards = new Map(shards.map((spec) => [spec.name, {
      dueAt: 0,
      watch: new ShardWatch({
        ...options,
        spec,
        watch,
        maxLagMs,
        timeoutMs,
        onChange: () => this.#tell(),
        onReport: (report) => options.bulletin.share(report),
      }),
    }]));
  }

  /** What is known now. */
  get snapshot(): TopologySnapshot {
    const shards = [...this.#shards.values()].map(({ watch }) => watch.state);
    return { at: this.#options.clock.wallMs(), shards };
  }

  /**
   * Looks at every node once, then goes on by itself. Nodes that are down hold the start up for no
   * longer than one look may take.
   *
   * @throws {Error} if a node's account has a privilege that the service must not have
   */
  async start(): Promise<void> {
    const shards = [...this.#shards.values()];
    await Promise.all([
      this.#options.bulletin.start((report) => this.#hear(report)),
      ...shards.map(({ watch }) => watch.look()),
    ]);
    for (const { watch } of shards) {
      for (const { node, refused, trouble } of watch.observations.values()) {
        if (!refused) continue;
        await this.stop();
        throw new Error(`Cannot use node ${node}: ${trouble}`);
      }
    }
    for (const shard of shards) this.#putOff(shard);
    this.rearm();
  }

  /**
   * Looks at once where that is due, for who comes on duty, and starts a timer that was lost anew.
   * One that runs keeps its time: should all processes be called at once, they must not look at
   * once from then on.
   */
  rearm(): void {
    const { clock, periodMs = 1_000 } = this.#options;
    if (this.#stopped) return;
    if (clock.now() - this.#tickedAt > 2 * periodMs) {
      this.#timer?.cancel();
      this.#tickedAt = clock.now();
      this.#timer = clock.every(periodMs, () => {
        this.#tickedAt = clock.now();
        void this.#look();
      });
    }
    void this.#look();
  }

  /** Tells at once of nodes that were drained or taken back. */
  renew(): void {
    for (const { watch } of this.#shards.values()) watch.renew();
  }

  /**
   * Looks at a shard's nodes after an error, with looks that begin after this call, and tells what
   * came out. Calls that come while one such look waits to begin share it.
   */
  async probeNow(shard: string): Promise<void> {
    const followed = this.#shards.get(shard);
    if (followed === undefined || this.#stopped) return;
    await this.#lookAt(followed, { afresh: true, onEach: () => this.#tell() });
  }

  /** Stops and closes every connection. Does nothing the second time. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#watch.endAll("shutting_down");
    await Promise.all([...this.#shards.values()].map(({ watch }) => watch.close()));
    this.#watch.close();
  }

  /** Looks where that is due, and tells what is known once it has looked. Never fails. */
  async #look(): Promise<void> {
    const { duty, clock, bulletin } = this.#options;
    const onDuty = duty.state === "ours";
    const due = [...this.#shards.values()].filter(({ dueAt }) => onDuty || clock.now() >= dueAt);
    void bulletin.keepTime();
    for (const { watch } of this.#shards.values()) watch.rest();
    await Promise.all(due.map((shard) => this.#lookAt(shard)));
    this.#tell();
  }

  async #lookAt(
    shard: Followed,
    options: { readonly afresh?: boolean; readonly onEach?: () => void } = {},
  ): Promise<void> {
    this.#putOff(shard);
    await shard.watch.lookForFleet(options);
    if (shard.watch.state.status !== "ok") shard.dueAt = 0;
  }

  /** After a look of its own: 1.5 to 2.5 s, which the timer makes 2 or 3. */
  #putOff(shard: Followed): void {
    const { clock, random } = this.#options;
    shard.dueAt = clock.now() + 1_500 + 1_000 * random.next();
  }

  #hear(report: ShardReport): void {
    const shard = this.#shards.get(report.shard);
    if (shard === undefined || this.#stopped) return;
    shard.watch.hear(report);
    const lookedAt = new Map(report.looks.map(({ node, endedAt }) => [node, endedAt]));
    const oldest = Math.min(
      ...shard.watch.spec.nodes.map(({ name }) => lookedAt.get(name) ?? -Infinity),
    );
    const heardUntil = oldest + HEARD_MS;
    if (heardUntil <= this.#options.clock.now()) return;
    // The fleet forgot a newer epoch, with Redis, or never learnt it: it is told.
    if (report.primacy.epoch < shard.watch.report.primacy.epoch) void this.#lookAt(shard);
    else shard.dueAt = Math.max(shard.dueAt, heardUntil);
  }

  #tell(): void {
    if (!this.#stopped) this.#options.onSnapshot(this.snapshot);
  }
}
