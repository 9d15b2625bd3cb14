import { assert } from "@std/assert";
import type { MariadbServer } from "../../deploy/local/mariadb_server.ts";
import { type Stack, startStack } from "../../deploy/local/stack.ts";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import type { Log } from "../../src/core/log.ts";
import { seededRandom } from "../../src/core/random.ts";
import { type Scope, ScopeWatch } from "../../src/core/scope.ts";
import type { MysqlTarget, Ok, Rows } from "../../src/drivers/mysql.ts";
import { Mysql2Driver } from "../../src/drivers/mysql2_driver.ts";
import { ConnectionPool } from "../../src/pool/connection_pool.ts";
import type { ConnectionPoolConfig } from "../../src/pool/connection_pool_config.ts";
import type { Lease } from "../../src/pool/lease.ts";

/** A MariaDB server of one test file's own. */
export class TestServer {
  #home: string | undefined;
  #stack: Stack | undefined;

  /** Starts it before the file's first test and ends it after the last. */
  static forThisFile(options: { readonly tls?: boolean; readonly schema?: string } = {}) {
    const server = new TestServer();
    Deno.test.beforeAll(() => server.#start(options));
    Deno.test.afterAll(() => server.#stop());
    return server;
  }

  get stack(): Stack {
    assert(this.#stack !== undefined, "the server runs only within tests");
    return this.#stack;
  }

  get node(): MariadbServer {
    const node = this.stack.shards[0]?.primary;
    assert(node !== undefined);
    return node;
  }

  /** Where it is, for the service's own account. */
  get target(): MysqlTarget {
    const { service, database } = this.stack;
    return { host: "127.0.0.1", port: this.node.port, ...service, database };
  }

  /** The one value that an administrator's query answers with. */
  async value(sql: string): Promise<unknown> {
    const [row] = await this.node.sql(sql);
    return row === undefined ? undefined : Object.values(row)[0];
  }

  /** How many sessions the service has. */
  async sessions(): Promise<number> {
    const count = "SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'realmgate'";
    return Number(await this.value(count));
  }

  async #start(options: { readonly tls?: boolean; readonly schema?: string }): Promise<void> {
    const { tls = false, schema } = options;
    this.#home = await Deno.makeTempDir({ prefix: "realmgate-test-" });
    this.#stack = await startStack({ home: this.#home, shards: 1, replicas: 0, tls });
    if (schema !== undefined) await this.node.sql(schema);
  }

  async #stop(): Promise<void> {
    await this.#stack?.stop();
    if (this.#home !== undefined) await Deno.remove(this.#home, { recursive: true });
  }
}

/** A pool with all that it needs; disposing shuts it down. */
export class PoolFixture implements AsyncDisposable {
  readonly watch: ScopeWatch;
  readonly pool: ConnectionPool;
  /** What was logged. */
  readonly lines: {
    readonly message: string;
    readonly fields: Readonly<Record<string, unknown>>;
  }[] = [];
  readonly #scopes: Scope[] = [];

  constructor(
    config: Omit<ConnectionPoolConfig, "name">,
    options: { readonly clock?: Clock; readonly seed?: number } = {},
  ) {
    const { clock = systemClock, seed = 1 } = options;
    this.watch = new ScopeWatch({ clock });
    const write = (message: string, fields: Readonly<Record<string, unknown>> = {}) => {
      this.lines.push({ message, fields });
    };
    const log: Log = { debug: write, info: write, warn: write, error: write };
    const parts = { driver: new Mysql2Driver(), clock, random: seededRandom(seed), log };
    this.pool = new ConnectionPool({ name: "test", ...config }, { ...parts, watch: this.watch });
  }

  /** A scope that is closed with the fixture. */
  scope(timeoutMs = 30_000): Scope {
    const scope = this.watch.open({ timeoutMs });
    this.#scopes.push(scope);
    return scope;
  }

  async lease(label = "test", scope = this.scope()): Promise<Lease> {
    return await this.pool.acquire({ scope, label });
  }

  /** Borrows, runs one command and gives back. */
  async run(
    sql: string,
    options: { readonly scope?: Scope; readonly settle?: boolean } = {},
  ): Promise<Rows | Ok> {
    const { scope = this.scope(), settle = false } = options;
    const lease = await this.lease("test", scope);
    try {
      return await lease.execute(sql, [], { scope, settle });
    } finally {
      this.pool.release(lease);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool.shutdown({ timeoutMs: 0 });
    for (const scope of this.#scopes) scope.close();
    this.watch.close();
  }
}

/** The first row of a result. */
export function firstRow(result: Rows | Ok): readonly unknown[] {
  assert(result.kind === "rows");
  const [row] = result.rows;
  assert(row !== undefined);
  return row;
}
