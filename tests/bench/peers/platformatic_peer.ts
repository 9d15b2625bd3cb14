/**
 * Platformatic DB's parts in a Fastify app on Node, in a cluster: the mapper of a database and the
 * REST routes that it generates. It knows one database only, so that there is a mapper for each
 * shard, and the app itself routes by the id. Players are read by a generated route; the generated
 * ones set values and cannot add to them, so that gold is added by a statement of one's own, through
 * the mapper's pool. `PEER_ORDER` tells it the rest.
 */
import { inCluster } from "./cluster.ts";
import { type Fastify, type FastifyApp, GOLD_SCHEMA } from "./fastify_app.ts";
import { packageOf } from "./packages.ts";
import { CONNECTIONS, type PeerOrder, readOrder } from "./peer_order.ts";
import { shardOf } from "./player_store.ts";

/** The app with what the mapper adds to it. */
interface MappedApp extends FastifyApp {
  readonly platformatic: {
    readonly db: { query(query: unknown): Promise<{ readonly affectedRows: number }> };
    readonly sql: (text: TemplateStringsArray, ...values: readonly unknown[]) => unknown;
  };
}

async function serve(order: PeerOrder): Promise<void> {
  const mapper = packageOf<{ plugin: unknown }>(order.modules, "@platformatic/sql-mapper");
  const openapi = packageOf<{ default: unknown }>(order.modules, "@platformatic/sql-openapi");
  const { shards, user, password, database } = order;
  const app = packageOf<Fastify>(order.modules, "fastify")({
    rewriteUrl({ url }) {
      const id = /^\/players\/(\d+)/.exec(url)?.[1];
      return id === undefined ? url : `/shard${shardOf(id, shards.length)}${url}`;
    },
  });
  for (const [at, { host, port }] of shards.entries()) {
    await app.register(async (shard: MappedApp) => {
      await shard.register(mapper.plugin, {
        connectionString: `mysql://${user}:${
          encodeURIComponent(password)
        }@${host}:${port}/${database}`,
        poolSize: CONNECTIONS,
        include: { players: true },
      });
      await shard.register(openapi.default);
      const { db, sql } = shard.platformatic;
      shard.post("/players/:id/gold", { schema: GOLD_SCHEMA }, async ({ params, body }) => {
        const { affectedRows } = await db.query(
          sql`UPDATE players SET gold = gold + ${body.amount}, version = version + 1 WHERE id = ${params.id}`,
        );
        return { affectedRows };
      });
    }, { prefix: `/shard${at}` });
  }
  await app.listen({ host: "127.0.0.1", port: order.port });
}

const order = readOrder();
inCluster(order.processes, () => serve(order));
