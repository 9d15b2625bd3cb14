import type { Clock } from "../core/clock.ts";
import type { Scope } from "../core/scope.ts";
import { SqlError } from "../drivers/mysql.ts";
import type { Lease } from "../pool/lease.ts";
import { type GtidPosition, hasReached, parsePosition } from "../routing/gtid_position.ts";
import { APPLIED } from "../routing/position_sql.ts";
import type { ReadReplicaManager } from "../routing/read_replica_manager.ts";
import { type Floor, ReplicaProgress } from "../routing/replica_progress.ts";
import type { TopologyView } from "../routing/topology_view.ts";
import { isNodeFailure } from "./failure.ts";
import { pause } from "./pause.ts";
import { compareEpochs, type SessionToken } from "./session_token.ts";
import type { Consistency } from "./statement.ts";

/** What session reads work with; they own none of it. */
export interface SessionReadsParts {
  readonly view: TopologyView;
  readonly replicas: ReadReplicaManager;
  readonly clock: Clock;
}

/** What a read must see: anything, all up to a floor, or whatever the primary has. */
export type Need = undefined | Floor | "primary";

/** How long a read waits for a replica to catch up. */
const WAIT_MS = 150;
/** Replicas further behind do not get there meanwhile; heartbeats come each second. */
const HOPELESS_LAG_MS = 2_000;
/** For how long nobody waits at a replica that did not get there. */
const STALLED_MS = 1_000;
/** Reads that one replica is waited for by at a time; they hold connections that others need. */
const MAX_WAITING = 4;
/** What another process knows of a shard is known here within that; see `TopologyProber`. */
const EPOCH_WAIT_MS = 4_000;
const EPOCH_LOOK_MS = 20;

/**
 * Waits, and says where the replica is then: columns are evaluated in their order. Both waits answer
 * 0 when they found what they waited for.
 */
const CATCH_UP: Readonly<Record<GtidPosition["form"], string>> = {
  mariadb: `SELECT MASTER_GTID_WAIT(?, ?), ${APPLIED}`,
  mysql: `SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?), ${APPLIED}`,
};

/**
 * Where a read may go that must not be older than its client's token: to a replica that is known to
 * be there, else to one that gets there within 150 ms, else to the primary.
 */
export class SessionReads {
  readonly #view: TopologyView;
  readonly #replicas: ReadReplicaManager;
  readonly #clock: Clock;
  readonly #progress: ReplicaProgress;
  readonly #waits = new Map<string, { waiting: number; stalledUntil: number }>();

  constructor(parts: SessionReadsParts) {
    this.#view = parts.view;
    this.#replicas = parts.replicas;
    this.#clock = parts.clock;
    this.#progress = new ReplicaProgress(parts);
  }

  /** What a read of a shard must see, by what is known of the shard now. */
  need(shard: string, token: SessionToken): Need {
    const entry = token.entries.get(shard);
    if (entry === undefined) return token.dropped ? "primary" : undefined;
    const { epoch } = this.#view.shard(shard);
    const position = parsePosition(entry.position);
    if (epoch !== entry.epoch || position === undefined) return "primary";
    return { shard, epoch, position, text: entry.position };
  }

  /**
   * As {@linkcode need}, once the shard's epoch here is not older than the token's: the primary that
   * is known until then may be one that the writes were not sent to. It is waited for as long as this
   * isolate may lack what another one knew; a token of an epoch that never was does not fail then.
   */
  async settledNeed(
    shard: string,
    options: { readonly token: SessionToken; readonly scope: Scope },
  ): Promise<Need> {
    const { token, scope } = options;
    const epoch = token.entries.get(shard)?.epoch ?? "0";
    const giveUpAt = this.#clock.now() + EPOCH_WAIT_MS;
    while (
      compareEpochs(this.#view.shard(shard).epoch, epoch) < 0 && scope.ended === undefined &&
      this.#clock.now() < giveUpAt
    ) await pause(EPOCH_LOOK_MS, { clock: this.#clock, scope });
    return this.need(shard, token);
  }

  /**
   * The replica to read from, or `undefined` where none will do.
   *
   * @param options.except a node not to pick
   * @param options.deadlineAt when the read must be done, on the clock's `now()`
   */
  pick(
    floor: Floor,
    options: { readonly except?: string | undefined; readonly deadlineAt: number },
  ): string | undefined {
    const { except, deadlineAt } = options;
    const { shard } = floor;
    return this.#replicas.pickWhere(
      shard,
      (node) => node !== except && this.#progress.reached(node, floor),
    ) ??
      (this.#boundOf(deadlineAt) < 1 ? undefined : this.#replicas.pickWhere(
        shard,
        (node) => node !== except && this.#mayWaitAt(node, shard),
      ));
  }

  /** Whether a replica is known to have all that a read must see. */
  isThere(node: string, floor: Floor): boolean {
    return this.#progress.reached(node, floor);
  }

  /** Does what waits at a replica, so that not too many others wait there meanwhile. */
  async inPlace<T>(node: string, work: () => Promise<T>): Promise<T> {
    const waits = this.#waitsAt(node);
    waits.waiting++;
    try {
      return await work();
    } finally {
      waits.waiting--;
    }
  }

  /**
   * Waits on the connection that the read will run on.
   *
   * @returns whether the replica has got there
   * @throws {SqlError} if the node cannot be used
   * @throws {InterruptedError} if the scope ended
   */
  async catchUp(
    lease: Lease,
    options: { readonly node: string; readonly floor: Floor; readonly scope: Scope },
  ): Promise<boolean> {
    const { node, floor, scope } = options;
    const waits = this.#waitsAt(node);
    if (this.#clock.now() < waits.stalledUntil) return false;
    const boundMs = Math.max(1, this.#boundOf(scope.deadlineAt));
    try {
      const sql = CATCH_UP[floor.position.form];
      const answer = await lease.execute(sql, [floor.text, boundMs / 1_000], {
        scope,
        aside: "catch_up",
      });
      const row = answer.kind === "rows" ? answer.rows[0] : undefined;
      const position = parsePosition(String(row?.[1] ?? ""));
      if (position !== undefined) {
        this.#progress.note(node, { floor, position });
        if (hasReached(position, floor.position)) return true;
      }
      // It waited for the number and found another server's: that says nothing of its speed.
      if (Number(row?.[0]) === 0) return false;
    } catch (error) {
      if (!(error instanceof SqlError) || isNodeFailure(error)) throw error;
    }
    waits.stalledUntil = this.#clock.now() + STALLED_MS;
    return false;
  }

  #mayWaitAt(node: string, shard: string): boolean {
    const { waiting, stalledUntil } = this.#waitsAt(node);
    if (waiting >= MAX_WAITING || this.#clock.now() < stalledUntil) return false;
    const lagMs = this.#view.shard(shard).nodes.find(({ name }) => name === node)?.lagMs;
    return lagMs !== undefined && lagMs <= HOPELESS_LAG_MS;
  }

  /** Half of the time is left for the read itself. */
  #boundOf(deadlineAt: number): number {
    return Math.min(WAIT_MS, (deadlineAt - this.#clock.now()) / 2);
  }

  #waitsAt(node: string): { waiting: number; stalledUntil: number } {
    let waits = this.#waits.get(node);
    if (waits === undefined) this.#waits.set(node, waits = { waiting: 0, stalledUntil: 0 });
    return waits;
  }
}

/** Whether a read must not be older than its client's token: the statement or the caller asks so. */
export function isSessionRead(asked: Consistency, statement: Consistency): boolean {
  return asked !== "strong" && statement !== "strong" &&
    (asked === "session" || statement === "session");
}
