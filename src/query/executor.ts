import { RealmgateError } from "../core/errors.ts";
import type { Clock } from "../core/clock.ts";
import type { Scope } from "../core/scope.ts";
import type { Ok, Rows } from "../drivers/mysql.ts";
import { SqlError } from "../drivers/mysql.ts";
import type { ConnectionPool } from "../pool/connection_pool.ts";
import type { ReadReplicaManager } from "../routing/read_replica_manager.ts";
import type { ShardManager } from "../routing/shard_manager.ts";
import type { TopologyView } from "../routing/topology_view.ts";
import type { Bound, CompiledStatement } from "./compiled_statement.ts";
import { explainFailure, isNodeFailure, isReadOnlyRefusal } from "./failure.ts";
import type { Consistency } from "./statement.ts";
import type { Timings } from "./timings.ts";

/** One run of one statement, validated and bound. */
export interface Call {
  readonly compiled: CompiledStatement;
  readonly bound: Bound;
  /** What the caller asked for; the statement may ask for more. */
  readonly consistency: Consistency;
  readonly scope: Scope;
  /** Filled where the caller wants to see where its time goes. */
  readonly timings?: Timings | undefined;
}

/** What ran, where. */
export interface Executed<Result> {
  readonly result: Result;
  readonly shard: string;
  readonly node: string;
  readonly source: "primary" | "replica";
}

/** What the executor works with; it owns none of it. */
export interface ExecutorParts {
  readonly shards: ShardManager;
  readonly view: TopologyView;
  readonly replicas: ReadReplicaManager;
  readonly poolOf: (node: string) => ConnectionPool;
  readonly clock: Clock;
}

/** How long a request that was not sent yet waits for a shard to have a primary again. */
const PRIMARY_WAIT_MS = 10_000;
/** Nodes that one read tries before it gives up. */
const READ_TRIES = 4;
/** The pause after the second try of a write that was not sent, and the longest one. */
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 500;

/**
 * The one way from a bound statement to a database and back.
 *
 * Reads go on to another node when theirs fails, for reads repeat safely. A write is sent once:
 * it follows a shard to its new primary as long as nothing was sent, or the server refused it as
 * read-only, and a write whose answer was lost is `write_outcome_unknown`, unless its statement
 * is marked `@retry`.
 */
export class Executor {
  readonly #shards: ShardManager;
  readonly #view: TopologyView;
  readonly #replicas: ReadReplicaManager;
  readonly #poolOf: (node: string) => ConnectionPool;
  readonly #clock: Clock;
  readonly #allShards: readonly string[];
  #nextAny = 0;

  constructor(parts: ExecutorParts) {
    this.#shards = parts.shards;
    this.#view = parts.view;
    this.#replicas = parts.replicas;
    this.#poolOf = parts.poolOf;
    this.#clock = parts.clock;
    this.#allShards = parts.shards.shards;
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
        throw unavailable(compiled);
    }
  }

  /**
   * Runs a read.
   *
   * @throws {RealmgateError} `statement_unavailable`, `shard_unavailable`, `pool_saturated`,
   * `deadline_exceeded`, `result_too_large`, …
   */
  async read(call: Call): Promise<Executed<Rows>> {
    const { compiled, bound, scope, timings } = call;
    assertAvailable(compiled);
    const shard = this.shardOf(compiled, bound);
    const strong = call.consistency === "strong" || compiled.statement.consistency === "strong";
    let failed: string | undefined;
    for (let tries = 1;; tries++) {
      const picked = strong
        ? this.#primary(shard, scope)
        : this.#replicas.pick(shard, failed === undefined ? undefined : { except: failed });
      const node = typeof picked === "string" ? picked : await picked;
      try {
        const result = await this.#run(node, call, false);
        if (result.kind === "ok") throw notRows(compiled);
        if (result.rows.length > compiled.statement.maxRows) throw tooManyRows(compiled);
        timings?.mark("db");
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
   * Runs a write on its shard's primary.
   *
   * @throws {RealmgateError} as {@linkcode read}, and `no_primary`, `split_brain`,
   * `constraint_violation`, `deadlock`, `write_outcome_unknown`
   */
  async write(call: Call): Promise<Executed<Rows | Ok>> {
    const { compiled, bound, scope, timings } = call;
    assertAvailable(compiled);
    const shard = this.shardOf(compiled, bound);
    const giveUpAt = this.#clock.now() + PRIMARY_WAIT_MS;
    for (let tries = 1;; tries++) {
      const node = await this.#primary(shard, scope);
      try {
        const result = await this.#run(node, call, true);
        timings?.mark("db");
        return { result, shard, node, source: "primary" };
      } catch (error) {
        if (!(error instanceof SqlError)) throw error;
        const unsent = error.kind === "connect_failed" || isReadOnlyRefusal(error) ||
          (error.kind === "server" && isNodeFailure(error));
        if (!unsent && error.kind === "server") {
          throw explainFailure(error, { statement: compiled.statement.name });
        }
        this.#view.suspect(node, reasonOf(error));
        if (!unsent && !compiled.statement.retry) {
          throw new RealmgateError(
            "write_outcome_unknown",
            `Cannot tell whether ${compiled.statement.name} was applied: the connection was lost ` +
              `before its answer; read the row before you send it again`,
            { outcome: "unknown", retry: "never", cause: error },
          );
        }
        if (scope.ended !== undefined || this.#clock.now() >= giveUpAt) {
          throw shardUnavailable(shard, unsent ? "not_applied" : "unknown", error);
        }
        // A node that a look finds well may refuse connections even so: it is not asked in a loop.
        if (tries > 1) {
          await this.#pause(Math.min(FIRST_PAUSE_MS * 2 ** tries, LONGEST_PAUSE_MS), scope);
        }
      }
    }
  }

  async #run(node: string, call: Call, settle: boolean): Promise<Rows | Ok> {
    const { compiled, bound, scope, timings } = call;
    const pool = this.#poolOf(node);
    timings?.mark("route");
    const lent = pool.acquire({ scope, label: compiled.statement.name });
    const connection = lent instanceof Promise ? await lent : lent;
    timings?.mark("pool");
    try {
      return await connection.execute(bound.sql, bound.values, { scope, settle });
    } finally {
      pool.release(connection);
    }
  }

  #pause(delayMs: number, scope: Scope): Promise<void> {
    return new Promise((resolve) => {
      const over = () => {
        timer.cancel();
        scope.offEnd(over);
        resolve();
      };
      const timer = this.#clock.after(delayMs, over);
      scope.onEnd(over);
    });
  }

  #primary(shard: string, scope: Scope): string | Promise<string> {
    return this.#view.shard(shard).status === "ok"
      ? this.#view.primaryFor(shard)
      : this.#view.waitForPrimary(shard, { scope, maxWaitMs: PRIMARY_WAIT_MS });
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

/** Why a node is suspected, in words that answers may show. */
function reasonOf(error: SqlError): string {
  return isReadOnlyRefusal(error)
    ? "it refused a write as read-only"
    : error.kind === "server"
    ? "it refuses connections"
    : "its connection failed";
}

function assertAvailable(compiled: CompiledStatement): void {
  if (compiled.unavailable !== undefined) throw unavailable(compiled);
}

function unavailable(compiled: CompiledStatement): RealmgateError {
  return new RealmgateError(
    "statement_unavailable",
    `Cannot run ${compiled.statement.name}: ${compiled.unavailable ?? "it is not supported yet"}`,
    { retryAfterMs: 30_000 },
  );
}

function notRows(compiled: CompiledStatement): RealmgateError {
  return new RealmgateError(
    "internal",
    `Cannot read ${compiled.statement.name}: the database answered without rows`,
  );
}

function tooManyRows(compiled: CompiledStatement): RealmgateError {
  const { name, maxRows } = compiled.statement;
  return new RealmgateError(
    "result_too_large",
    `Cannot answer ${name}: it has more than ${maxRows} rows; add a LIMIT or raise @maxrows`,
  );
}

function shardUnavailable(
  shard: string,
  outcome: "not_applied" | "unknown",
  cause: unknown,
): RealmgateError {
  return new RealmgateError("shard_unavailable", `Cannot reach a database of shard ${shard}`, {
    outcome,
    retryAfterMs: 1_000,
    cause,
    extra: { shard },
  });
}
