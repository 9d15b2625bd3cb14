import { assert, assertEquals } from "@std/assert";
import { getLogger } from "@std/log";
import { systemClock } from "../../src/core/clock.ts";
import type { Scope } from "../../src/core/scope.ts";
import type { MysqlTarget, Ok, Rows } from "../../src/drivers/mysql.ts";
import { Mysql2Driver } from "../../src/drivers/mysql2_driver.ts";
import { checkOnServer, schemaOf } from "../../src/query/server_check.ts";
import { CompiledStatement } from "../../src/query/compiled_statement.ts";
import { Executor } from "../../src/query/executor.ts";
import { parseFence } from "../../src/query/fence.ts";
import { FenceCounter } from "../../src/query/fence_counter.ts";
import { parseStatements } from "../../src/query/parse_statements.ts";
import { ReadReplicaManager } from "../../src/routing/read_replica_manager.ts";
import { ShardManager } from "../../src/routing/shard_manager.ts";
import { TopologyView, unknownShard } from "../../src/routing/topology_view.ts";
import { PoolFixture, TestServer } from "../pool/fixture.ts";
import { eventually } from "../support/eventually.ts";
import { install } from "../routing/probed_stack.ts";
import { ExecutionLog } from "../../src/query/execution_log.ts";
import { QueryMetrics } from "../../src/monitor/query_metrics.ts";

/** None of these writes drops tags. */
function noCaches(): never {
  throw new TypeError("Cannot tell caches: there must be none here");
}

/** What fenced writes are tested on: who wrote in which order, and a row to overwrite. */
const SCHEMA = `
CREATE TABLE landed (
  seq BIGINT AUTO_INCREMENT PRIMARY KEY, fence BIGINT NOT NULL, note VARCHAR(64) UNIQUE
) ENGINE=InnoDB;
CREATE TABLE gold (id INT PRIMARY KEY, amount BIGINT NOT NULL) ENGINE=InnoDB;
INSERT INTO gold VALUES (1, 0);
`;

const STATEMENTS = `
-- name: test.land :exec
-- @shard s1
-- @param fence bigint
-- @param note string default=null
INSERT INTO landed (fence, note) VALUES (:fence, :note);

-- name: test.land_again :exec
-- @shard s1
-- @retry
-- @param fence bigint
-- @param note string default=null
INSERT IGNORE INTO landed (fence, note) VALUES (:fence, :note);

-- name: test.returning :exec
-- @shard s1
-- @param fence bigint
INSERT INTO landed (fence) VALUES (:fence) RETURNING fence;

-- name: test.add :exec
-- @shard s1
-- @param amount bigint
UPDATE gold SET amount = amount + :amount WHERE id = 1;

-- name: test.slow :exec
-- @shard s1
UPDATE gold SET amount = amount + 1 WHERE id = 1 AND SLEEP(30) = 0;
`;

/** A server of the test file's own with all that fenced writes need. */
export function fencedServer(): TestServer {
  const server = TestServer.forThisFile({ schema: SCHEMA });
  Deno.test.beforeAll(async () => void await install(server.node));
  return server;
}

/** An executor and a counter on one shard of one node; disposing closes its connections. */
export class FencedFixture implements AsyncDisposable {
  readonly pool: PoolFixture;
  readonly executor: Executor;
  readonly counter: FenceCounter;
  /** What happens between a suspicion of the node and the look that finds it well. */
  onSuspect: () => unknown = () => {};
  /** How often the node was suspected. */
  suspicions = 0;
  readonly #compiled: ReadonlyMap<string, CompiledStatement>;

  /** @param options.statements the text of a statement file, in place of the fenced ones */
  constructor(
    options: { readonly target: MysqlTarget; readonly max?: number; readonly statements?: string },
  ) {
    const { target, max = 1, statements: text = STATEMENTS } = options;
    this.pool = new PoolFixture({ target, max, waitersPerConnection: 100 });
    const node = { name: "n", shard: "s1", host: target.host, port: target.port, weight: 1 };
    const spec = { name: "s1", role: "auto", nodes: [node] } as const;
    const look = () => {
      const told = unknownShard(spec);
      const at = Date.now() + 1;
      const nodes = told.nodes.map((state) => ({
        ...state,
        role: "primary" as const,
        up: true,
        observedAt: at,
        ejected: undefined,
      }));
      view.apply({ at, shards: [{ ...told, nodes, primary: "n", status: "ok", epoch: "1" }] });
    };
    const view = new TopologyView({
      shards: [spec],
      clock: systemClock,
      onSuspect: () => {
        this.suspicions++;
        void Promise.resolve().then(() => this.onSuspect()).then(look);
      },
    });
    look();
    const shards = new ShardManager({ shards: ["s1"], sharding: { strategy: "modulo" } });
    const replicas = new ReadReplicaManager({ shards: [spec], view, fallbackToPrimary: true });
    const parts = { shards, view, replicas, poolOf: () => this.pool.pool, clock: systemClock };
    const bus = { intend: noCaches, done: noCaches, aborted: noCaches };
    const { watch } = this.pool;
    const executions = new ExecutionLog({
      clock: systemClock,
      metrics: new QueryMetrics({ clock: systemClock, slowMs: 1_000 }),
      shards: [spec],
    });
    this.executor = new Executor({ ...parts, bus, watch, executions, log: getLogger() });
    this.counter = new FenceCounter(parts);
    const rules = { shards: ["s1"], caches: [], maxTimeoutMs: 30_000 };
    const { statements, faults } = parseStatements([{ file: "t.sql", text }], rules);
    assertEquals(faults, []);
    this.#compiled = new Map(
      statements.map((s) => [s.name, new CompiledStatement(s, { clock: systemClock })]),
    );
  }

  /** Learns what the server says of the statements: only what is known may share a commit. */
  async learn(target: MysqlTarget): Promise<void> {
    const compiled = [...this.#compiled.values()];
    const scope = this.pool.scope();
    const session = await new Mysql2Driver().connect(target, scope);
    try {
      const schema = await schemaOf(session, compiled.map(({ statement }) => statement));
      for (const each of compiled) {
        each.learn(await checkOnServer(session, { compiled: each, schema, clock: systemClock }));
      }
    } finally {
      session.destroy();
    }
  }

  /** Why calls of a statement go alone, as the server's facts say. */
  ungroupable(name: string): string | undefined {
    return this.#compiled.get(name)?.facts?.ungroupable;
  }

  /** Runs a statement, under a fence if one is given as `lock=number`. */
  async write(
    name: string,
    params: Readonly<Record<string, unknown>>,
    options: { readonly fence?: string | undefined; readonly scope?: Scope } = {},
  ): Promise<Rows | Ok> {
    const compiled = this.#compiled.get(name);
    assert(compiled !== undefined);
    const fence = options.fence === undefined ? undefined : parseFence(options.fence);
    assertEquals(fence === undefined, options.fence === undefined, options.fence);
    const scope = options.scope ?? this.pool.scope();
    const bound = compiled.bindJson(params);
    const call = { compiled, bound, consistency: "eventual", scope, fence } as const;
    return (await this.executor.write(call)).result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool[Symbol.asyncDispose]();
  }
}

/** An administrator's session of a test's own, for what must span several commands. */
export async function openSession(
  server: TestServer,
): Promise<AsyncDisposable & { query(sql: string): Promise<Rows | Ok> }> {
  const { user, password } = server.node;
  const pool = new PoolFixture({ target: { ...server.target, user, password }, max: 1 });
  const scope = pool.scope();
  const lease = await pool.lease("administrator", scope);
  return {
    query: (sql) => lease.query(sql, { scope }),
    async [Symbol.asyncDispose]() {
      pool.pool.release(lease);
      await pool[Symbol.asyncDispose]();
    },
  };
}

/**
 * The open transactions. `information_schema.innodb_trx` shows the same from a cache, which nobody
 * refreshes who asks it more often than every 100 ms.
 */
export async function transactions(
  server: TestServer,
): Promise<{ readonly thread: string; readonly waits: boolean }[]> {
  const [row] = await server.node.sql("SHOW ENGINE INNODB STATUS");
  return String(row?.["Status"]).split("---TRANSACTION ").slice(1)
    .filter((text) => /^\d+, ACTIVE/.test(text))
    .map((text) => ({
      thread: /thread id (\d+)/.exec(text)?.[1] ?? "",
      waits: /^LOCK WAIT/m.test(text),
    }));
}

/** Waits until a transaction waits for a lock, and returns its session's id. */
export async function lockWait(server: TestServer): Promise<string> {
  return await eventually(async () =>
    (await transactions(server)).find(({ waits }) => waits)?.thread
  );
}
