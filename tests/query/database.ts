import { startStack } from "../../deploy/local/stack.ts";
import { systemClock } from "../../src/core/clock.ts";
import { ScopeWatch } from "../../src/core/scope.ts";
import type { MysqlSession, Rows, SqlValue } from "../../src/drivers/mysql.ts";
import { Mysql2Driver } from "../../src/drivers/mysql2_driver.ts";

/** One private server with an empty database, and a session of the service's own account. */
export interface TestDatabase extends AsyncDisposable {
  readonly session: MysqlSession;
  /** Runs SQL as the administrator. */
  sql(text: string): Promise<unknown>;
  /** Runs a read through the session. */
  rows(sql: string, values?: readonly SqlValue[]): Promise<Rows>;
}

/** Starts it; use it with `await using`. */
export async function testDatabase(): Promise<TestDatabase> {
  const home = await Deno.makeTempDir({ prefix: "realmgate-test-" });
  const stack = await startStack({ home, shards: 1, replicas: 0 });
  const watch = new ScopeWatch({ clock: systemClock });
  const close = async () => {
    watch.close();
    await stack.stop();
    await Deno.remove(home, { recursive: true });
  };
  try {
    const [shard] = stack.shards;
    if (shard === undefined) throw new Error("Cannot test: the stack has no shard");
    const { primary } = shard;
    const session = await new Mysql2Driver().connect(
      { host: "127.0.0.1", port: primary.port, ...stack.service, database: stack.database },
      watch.open({ timeoutMs: 10_000 }),
    );
    return {
      session,
      sql: (text) => primary.sql(text),
      async rows(sql, values = []) {
        const result = await session.execute(sql, values);
        if (result.kind !== "rows") throw new Error(`Cannot read: no rows from ${sql}`);
        return result;
      },
      async [Symbol.asyncDispose]() {
        await session.end();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
