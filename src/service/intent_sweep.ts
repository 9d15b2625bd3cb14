import type { WrittenPlace } from "../cache/cache_event.ts";
import type { CoherenceLog } from "../cache/coherence_log.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { ScopeWatch } from "../core/scope.ts";
import type { MysqlDriver, MysqlSession, MysqlTarget } from "../drivers/mysql.ts";
import { retireSession } from "../routing/retire_session.ts";
import type { NodeSpec, ShardSpec, TopologySnapshot } from "../routing/topology.ts";
import { committedPosition } from "./committed_position.ts";
import { endSessions } from "./end_sessions.ts";
import { messageSlices } from "./message_slices.ts";
import { type OverdueIntent, OverdueIntents } from "./overdue_intents.ts";
import { isWritable } from "./schema_install.ts";
import { isRedisAway, Troubles } from "./troubles.ts";

/** What a sweep of intents works with; it owns none of it. */
export interface IntentSweepOptions {
  readonly shards: readonly ShardSpec[];
  readonly targetOf: (node: NodeSpec) => MysqlTarget;
  /** Whether a proxy stands before the servers, so that their sessions cannot be named. */
  readonly proxied: boolean;
  readonly topology: () => TopologySnapshot;
  readonly events: Pick<CoherenceLog, "overdue" | "record">;
  readonly driver: MysqlDriver;
  readonly clock: Clock;
  readonly watch: ScopeWatch;
  readonly log: Log;
  /** How long a writer that lives has to tell by itself. @default {2_000} */
  readonly graceMs?: number;
  /** How long an intent whose session cannot be named is left to others. @default {60_000} */
  readonly strangerMs?: number;
}

interface Place {
  readonly shard: ShardSpec;
  /** The node's name. */
  readonly node: string;
}

/** How long the work on one node may take. */
const NODE_TIMEOUT_MS = 5_000;

/**
 * Finds out what became of writes whose intent is overdue: their writer has died, or cannot reach
 * Redis. The write's session is ended; once that is gone it commits nothing any longer, and what the
 * shard's primary has committed then covers the write if it was applied. So the intent is closed as
 * if it had been, with that position: at worst something is dropped for nothing. Until then its tags
 * stay in doubt, which costs reads of the primary and is never wrong.
 *
 * Several processes may do so at once: they kill the same sessions and tell the same.
 */
export class IntentSweep {
  readonly #options: IntentSweepOptions;
  readonly #intents: OverdueIntents;
  readonly #troubles: Troubles;
  /** Shards at work. */
  readonly #busy = new Map<string, Promise<void>>();
  #closed = false;

  constructor(options: IntentSweepOptions) {
    this.#options = options;
    const { graceMs = 2_000 } = options;
    this.#intents = new OverdueIntents({ ...options, graceMs });
    this.#troubles = new Troubles(options.log, "writes not settled");
  }

  /**
   * Settles what is overdue, all shards at once; a shard that is still at work from before is left
   * out. Never fails: what cannot be settled now is tried again by the next sweep.
   */
  async sweep(): Promise<void> {
    try {
      const due = await this.#intents.due();
      await Promise.all([...Map.groupBy(due, ({ shard }) => shard)].map(([shard, intents]) => {
        if (this.#busy.has(shard)) return;
        const work = this.#settleShard(shard, intents).finally(() => this.#busy.delete(shard));
        this.#busy.set(shard, work);
        return work;
      }));
      this.#troubles.over("");
    } catch (error) {
      this.#failed("", error, {});
    }
  }

  /** Begins nothing from now on; returns once nothing is under way. The watch's end ends that. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#busy.values());
  }

  async #settleShard(name: string, intents: readonly OverdueIntent[]): Promise<void> {
    const shard = this.#options.shards.find((spec) => spec.name === name);
    for (const [node, some] of Map.groupBy(intents, (intent) => intent.node)) {
      try {
        if (shard === undefined) await this.#forget(some);
        else await this.#settle(some, { shard, node });
      } catch (error) {
        this.#failed(`${name} ${node}`, error, { shard: name, node });
      }
    }
  }

  /**
   * Nobody of this configuration reads that shard, so what is written there is in no cache of it. Who
   * reads it by another configuration, while they are being changed, has a minute to settle it.
   */
  async #forget(intents: readonly OverdueIntent[]): Promise<void> {
    for (const some of messageSlices(this.#strange(intents))) {
      await this.#options.events.record(some.map(({ id }) => ({ kind: "aborted", id })));
    }
  }

  async #settle(intents: readonly OverdueIntent[], { shard, node }: Place): Promise<void> {
    const { events, log } = this.#options;
    const over = await this.#over(intents, { shard, node });
    // Only now: it must cover what the sessions committed before they were gone.
    const place = over.length === 0 ? undefined : await this.#presentPlace(shard);
    if (place !== undefined) {
      for (const some of messageSlices(over.map(({ id, tags }) => ({ id, tags })))) {
        await events.record(some.map((write) => ({ kind: "done", ...write, ...place })));
      }
      log.info("writes settled", { shard: shard.name, node, writes: over.length });
    }
    const trouble = `${shard.name} ${node}`;
    if (place !== undefined && over.length === intents.length) this.#troubles.over(trouble);
    else {
      const why = over.length < intents.length
        ? "a session has not ended yet"
        : "the primary is not known";
      this.#troubles.tell(trouble, why, { shard: shard.name, node });
    }
  }

  /**
   * Those of a node's intents whose writes cannot reach the shard's primary from now on.
   *
   * Where the node answers, they are those whose sessions are gone.
   *
   * Where it does not, and another node is the primary, they are all: a node that was promoted follows
   * nobody, so what the old primary may still commit does not get there, and what it got from there
   * before is part of its own position. That what is known of the primary may be behind does not
   * matter: it is so by some 5 s at most, and an intent that is settled is older than that. While the
   * node that does not answer is the primary itself, or none is known, nothing can be said.
   *
   * A node that is not in the configuration is not the primary. Yet while configurations are being
   * changed it may be one of which others know: they have a minute to ask it, then it counts as one
   * that does not answer. The same goes for sessions that were named before a proxy stood between.
   */
  async #over(
    intents: readonly OverdueIntent[],
    { shard, node }: Place,
  ): Promise<readonly OverdueIntent[]> {
    const { clock, proxied } = this.#options;
    const spec = shard.nodes.find(({ name }) => name === node);
    if (spec === undefined || proxied) return this.#strange(intents);
    try {
      return await this.#on(spec, (session) => endSessions(session, { olds: intents, clock }));
    } catch (error) {
      const state = this.#stateOf(shard);
      if (state?.status !== "ok" || state.primary === node) throw error;
      return intents;
    }
  }

  /** What the shard's primary has committed by now; `undefined` where none is known. */
  async #presentPlace(shard: ShardSpec): Promise<WrittenPlace | undefined> {
    const state = this.#stateOf(shard);
    const node = shard.nodes.find(({ name }) => name === state?.primary);
    if (state?.status !== "ok" || node === undefined) return undefined;
    return await this.#on(node, async (session) => {
      // What is known of the primary may be behind.
      if (shard.role === "auto" && !await isWritable(session)) return undefined;
      const position = await committedPosition(session);
      return { shard: shard.name, epoch: state.epoch, position };
    });
  }

  #strange(intents: readonly OverdueIntent[]): OverdueIntent[] {
    const { strangerMs = 60_000 } = this.#options;
    return intents.filter(({ overdueMs }) => overdueMs >= strangerMs);
  }

  #stateOf(shard: ShardSpec): TopologySnapshot["shards"][number] | undefined {
    return this.#options.topology().shards.find(({ name }) => name === shard.name);
  }

  async #on<T>(node: NodeSpec, work: (session: MysqlSession) => Promise<T>): Promise<T> {
    const { driver, watch, targetOf } = this.#options;
    if (this.#closed) throw new TypeError("Cannot settle writes: the sweep must be open");
    const scope = watch.open({ timeoutMs: NODE_TIMEOUT_MS });
    try {
      const session = await driver.connect(targetOf(node), scope);
      const giveUp = () => session.destroy();
      scope.onEnd(giveUp);
      try {
        return await work(session);
      } finally {
        scope.offEnd(giveUp);
        retireSession(session, watch);
      }
    } finally {
      scope.close();
    }
  }

  #failed(place: string, error: unknown, fields: Readonly<Record<string, unknown>>): void {
    if (!this.#closed && !isRedisAway(error)) this.#troubles.tell(place, error, fields);
  }
}
