/** Fastify and mysql2's `execute` on Node, in a cluster: `PEER_ORDER` tells it the rest. */
import type mysql from "mysql2/promise";
import { inCluster } from "./cluster.ts";
import { type Fastify, GOLD_SCHEMA, PLAYER_SCHEMA } from "./fastify_app.ts";
import { mysql2Store } from "./mysql2_store.ts";
import { packageOf } from "./packages.ts";
import { type PeerOrder, readOrder } from "./peer_order.ts";

async function serve(order: PeerOrder): Promise<void> {
  const driver = packageOf<typeof mysql>(order.modules, "mysql2/promise");
  const players = mysql2Store(driver, order);
  const app = packageOf<Fastify>(order.modules, "fastify")();
  app.get("/players/:id", { schema: PLAYER_SCHEMA }, async ({ params }, reply) => {
    const player = await players.get(params.id);
    if (player !== undefined) return player;
    reply.code(404);
    return { error: "no such player" };
  });
  app.post("/players/:id/gold", { schema: GOLD_SCHEMA }, async ({ params, body }) => ({
    affectedRows: await players.addGold(params.id, body.amount),
  }));
  await app.listen({ host: "127.0.0.1", port: order.port });
}

const order = readOrder();
inCluster(order.processes, () => serve(order));
