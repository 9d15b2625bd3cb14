import type { Scope } from "../core/scope.ts";
import { type Ok, type Rows, SqlError } from "../drivers/mysql.ts";
import type { ConnectionPool } from "../pool/connection_pool.ts";
import type { ReadReplicaManager } from "../routing/read_replica_manager.ts";
import type { Floor } from "../routing/replica_progress.ts";
import type { ShardManager } from "../routing/shard_manager.ts";
import type { TopologyView } from "../routing/topology_view.ts";
import type { Bound, CompiledStatement } from "./compiled_statement.ts";
import { explainFailure, isNodeFailure, reasonOf, shardUnavailable } from "./failure.ts";
import type { Fence } from "./fence.ts";
import {
  type Executed,
  type ExecutedWrite,
  type PrimaryParts,
  type PrimaryWork,
  PrimaryWriter,
} from "./primary_writer.ts";
import { JoinedReads, readKey } from "./joined_reads.ts";
import { ReadBatches, type ReadBatchesParts } from "./read_batches.ts";
import { isSessionRead, type Need, SessionReads } from "./session_reads.ts";
import type { SessionToken } from "./session_token.ts";
import type { Consistency } from "./statement.ts";
import { assertAvailable, notRows, tooLarge, tooManyRows } from "./statement_errors.ts";
import { statementWrite } from "./statement_write.ts";
import type { ExecutionLog } from "./execution_log.ts";
import type { CallTimes, Timings } from "./timings.ts";
import { WriteGroups, type WriteGroupsParts } from "./write_groups.ts";
import type { Written } from "./write_position.ts";

/** One run of one statement, validated and bound. */
export interface Call {
  readonly compiled: CompiledStatement;
  readonly bound: Bound;
  /** What the caller asked for; the statement may ask for more. */
  readonly consistency: Consistency;
  /** What a session read must not be older than. @default {nothing: it reads as eventual} */
  readonly token?: SessionToken | undefined;
  readonly scope: Scope;
  /** Filled where the caller wants to see where its time goes. */
  readonly timings?: Timings | undefined;
  /** Filled for whoever counts. */
  readonly times?: CallTimes | undefined;
  /** Under which a write is to run. @default {none} */
  readonly fence?: Fence | undefined;
  /** Where a read goes and what it must see, where that is known better. It waits for no replica. */
  readonly at?: { readonly shard: string; readonly need: Need } | undefined;
}

/** What the executor works with; it owns none of it. */
export interface ExecutorParts extends PrimaryParts, ReadBatchesParts, WriteGroupsParts {
  readonly shards: ShardManager;
  readonly replicas: ReadReplicaManager;
}

/** Nodes that one read tries before it gives up. */
const READ_TRIES = 4;

/**
 * The one way from a bound statement to a database and back.
 *
 * Reads go on to another node when theirs fails, for reads repeat safely. Writes go the way of
 * {@linkcode PrimaryWriter}; those whose statement is marked `@retry` repeat.
 */
export class Executor {
  /** Where reads go that come with a token. */
  readonly sessions: SessionReads;
  readonly #shards: ShardManager;
  readonly #view: TopologyView;
  readonly #replicas: ReadReplicaManager;
  readonly #poolOf: (node: string) => ConnectionPool;
  readonly #allShards: readonly string[];
  readonly #batches: ReadBatches;
  readonly #joined: JoinedReads<Rows | Ok | "behind">;
  readonly #executions: ExecutionLog | undefined;
  readonly #writer: PrimaryWriter;
  readonly #write: PrimaryWork<Call, Written>;
  #nextAny = 0;

  constructor(parts: ExecutorParts) {
    this.#shards = parts.shards;
    this.#view = parts.view;
    this.#replicas = parts.replicas;
    this.#poolOf = parts.poolOf;
    this.#allShards = parts.shards.shards;
    this.#batches = new ReadBatches(parts);
    this.#joined = new JoinedReads(parts);
    this.#executions = parts.executions;
    this.#writer = new PrimaryWriter(parts);
    this.sessions = new SessionReads(parts);
    this.#write = statementWrite({
      ...parts,
      groups: new WriteGroups(parts),
      shardOf: ({ compiled, bound }) => {
        assertAvailable(compiled);
        return this.shardOf(compiled, bound);
      },
    });
  }

  /** The shard that a call goes to. */
  shardOf(compiled: CompiledStatement, bound: Bound): string {
    const rule = compiled.statement.shard;
    switch (rule.by) {
      case "key":
        return this.#shards.shardForKey(bound.shardKey ?? "");
      case "name":
        return rule.shard;
      case "any":
        return this.#anyShard();
      case "each":
      case "all":
        throw new TypeError(`Cannot name the shard of ${compiled.statement.name}: it has several`);
    }
  }

  /**
   * Runs a read.
   *
   * @throws {RealmgateError} `statement_unavailable`, `shard_unavailable`, `pool_saturated`,
   * `deadline_exceeded`, `result_too_large`, …
   */
  read(call: Call): Promise<Executed<Rows>> {
    assertAvailable(call.compiled);
    return this.readFrom(call.at?.shard ?? this.shardOf(call.compiled, call.bound), call);
  }

  /** As {@linkcode read}, from a shard that the caller chose. */
  async readFrom(shard: string, call: Call): Promise<Executed<Rows>> {
    const { compiled, scope, timings } = call;
    assertAvailable(compiled);
    const least = compiled.statement.consistency;
    const token = isSessionRead(call.consistency, least) ? call.token : undefined;
    const need = call.at?.need ??
      (token && await this.sessions.settledNeed(shard, { token, scope }));
    const deadlineAt = call.at === undefined ? scope.deadlineAt : -Infinity;
    let floor = need === "primary" ? undefined : need;
    let primary = need === "primary" || call.consistency === "strong" || least === "strong";
    let failed: string | undefined;
    for (let tries = 1;; tries++) {
      const replica = floor &&
        this.sessions.pick(floor, { except: failed, deadlineAt });
      if (replica === undefined && floor !== undefined) {
        floor = undefined;
        primary = true;
      }
      const picked = primary ? this.#writer.primaryOf(shard, scope) : replica ??
        this.#replicas.pick(shard, failed === undefined ? undefined : { except: failed });
      const node = typeof picked === "string" ? picked : await picked;
      try {
        const result = floor === undefined || this.sessions.isThere(node, floor)
          ? await this.#readAt(node, call)
          : await this.sessions.inPlace(node, () => this.#run(node, call, floor));
        if (result === "behind") {
          floor = undefined;
          primary = true;
          continue;
        }
        if (result.kind === "ok") throw notRows(compiled);
        if (result.rows.length > compiled.mostRows) throw tooManyRows(compiled);
        if (result.excess === true) throw tooLarge(compiled);
        timings?.mark("db");
        if (call.times !== undefined) call.times.rows += result.rows.length;
        const source = this.#view.shard(shard).primary === node ? "primary" : "replica";
        return { result, shard, node, source };
      } catch (error) {
        if (!(error instanceof SqlError)) throw error;
        if (!isNodeFailure(error)) {
          throw explainFailure(error, { statement: compiled.statement.name });
        }
        this.#view.suspect(node, reasonOf(error));
        if (tries >= READ_TRIES || scope.ended !== undefined) {
          throw shardUnavailable(shard, "not_applied", error);
        }
        failed = node;
      }
    }
  }

  /**
   * Runs a write on its shard's primary, under its fence if it has one.
   *
   * @throws {RealmgateError} as {@linkcode PrimaryWriter.write}, and `statement_unavailable`,
   * `stale_fence`
   */
  write(call: Call): Promise<ExecutedWrite<Written>> {
    return this.#writer.write(call, this.#write);
  }

  /** With the calls that come while the node is busy, where the statement allows that. */
  #readAt(node: string, call: Call): Promise<Rows | Ok | "behind"> {
    const lane = this.#batches.laneOf(node, call);
    if (lane === undefined) return this.#join(node, call);
    if (lane.atRest) return lane.alone(() => this.#run(node, call));
    call.timings?.mark("route");
    return this.#batches.read(lane, call).then((rows) =>
      rows === undefined ? this.#run(node, call) : this.#shared(call, rows)
    );
  }

  #shared({ times, scope }: Call, rows: Rows): Rows {
    if (times === undefined || this.#executions === undefined) return rows;
    times.answeredAt = this.#executions.now();
    times.executeMs += times.answeredAt - scope.openedAt;
    return rows;
  }

  /** With the same calls that come meanwhile. */
  #join(node: string, call: Call): Promise<Rows | Ok | "behind"> {
    const { compiled, bound, scope, timings, at } = call;
    // A load of a cache is one for all already; whose time is looked at is read for alone.
    if (!compiled.repeatable || at !== undefined || timings !== undefined) {
      return this.#run(node, call);
    }
    return this.#joined.read(readKey(node, bound), {
      scope,
      timeoutMs: compiled.statement.timeoutMs,
      read: (own) => this.#run(node, own === scope ? call : { ...call, scope: own }),
    });
  }

  /** Where there is a floor the node is waited for first. */
  async #run(node: string, call: Call, floor?: Floor): Promise<Rows | Ok | "behind"> {
    const { compiled, bound, scope, timings, times } = call;
    const pool = this.#poolOf(node);
    timings?.mark("route");
    const lent = pool.acquire({ scope, label: compiled.statement.name });
    const waitedFrom = lent instanceof Promise ? this.#executions?.now() : undefined;
    const connection = lent instanceof Promise ? await lent : lent;
    timings?.mark("pool");
    const { lentAt } = connection;
    let sentAt = floor === undefined ? lentAt : undefined;
    try {
      if (floor !== undefined) {
        const caughtUp = await this.sessions.catchUp(connection, { node, floor, scope });
        timings?.mark("catch_up");
        if (!caughtUp) return "behind";
        sentAt = this.#executions?.now();
      }
      return await connection.execute(bound.sql, bound.values, { scope });
    } finally {
      if (sentAt !== undefined) {
        this.#executions?.ended({ node, compiled, waitedFrom, lentAt, sentAt, times });
      }
      pool.release(connection);
    }
  }

  #anyShard(): string {
    const shards = this.#allShards;
    for (let tried = 0; tried < shards.length; tried++) {
      const shard = shards[this.#nextAny++ % shards.length] as string;
      if (this.#view.shard(shard).nodes.some((node) => node.up)) return shard;
    }
    return shards[0] as string;
  }
}
