import { findPrograms } from "../../deploy/local/programs.ts";
import { RedisServer, type RedisServerOptions } from "../../deploy/local/redis_server.ts";
import { systemClock } from "../../src/core/clock.ts";
import { type Log, silentLog } from "../../src/core/log.ts";
import { systemRandom } from "../../src/core/random.ts";
import { IoredisClient } from "../../src/drivers/ioredis_client.ts";

/** What a client of {@linkcode withRedis} may be made with. */
export interface ClientOptions {
  /** @default {500} */
  readonly timeoutMs?: number;
  /** @default {the server's} */
  readonly url?: string;
  /** @default {silentLog} */
  readonly log?: Log;
}

/** A log that keeps why Redis was said to be down. */
export function reasonsLog(): Log & { readonly reasons: readonly unknown[] } {
  const reasons: unknown[] = [];
  return { ...silentLog, reasons, warn: (_message, fields) => void reasons.push(fields?.error) };
}

/** Runs `test` with a server of its own and a maker of clients, which are closed afterwards. */
export async function withRedis(
  test: (
    server: RedisServer,
    connect: (options?: ClientOptions) => IoredisClient,
  ) => Promise<void>,
  options: Pick<RedisServerOptions, "args" | "env"> = {},
): Promise<void> {
  const home = await Deno.makeTempDir({ prefix: "realmgate-test-" });
  const program = (await findPrograms()).redisServer;
  const server = new RedisServer({ home, port: 0, program, ...options });
  const clients: IoredisClient[] = [];
  await server.start();
  try {
    await test(server, ({ timeoutMs = 500, url = server.url, log = silentLog } = {}) => {
      const client = new IoredisClient({
        server: { kind: "url", url },
        clock: systemClock,
        random: systemRandom,
        log,
        timeoutMs,
        heartbeatMs: 100,
      });
      clients.push(client);
      return client;
    });
  } finally {
    await Promise.all(clients.map((client) => client.close()));
    await server.stop();
    await Deno.remove(home, { recursive: true });
  }
}
