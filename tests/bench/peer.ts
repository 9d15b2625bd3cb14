/**
 * The service that a user would write by hand: Hono, a pool of mysql2 or of MariaDB's own
 * connector, `execute`, two shards, no cache, no authentication, no validation beyond an integer
 * check; as many isolates as Realmgate has, on one port. `PEER_ORDER` tells it the rest.
 */
import { Hono } from "hono";
import mysql from "mysql2/promise";
import { type MariadbDriver, mariadbStore } from "./peers/mariadb_store.ts";
import { mysql2Store } from "./peers/mysql2_store.ts";
import { packageOf } from "./peers/packages.ts";
import { type PeerOrder, readOrder } from "./peers/peer_order.ts";

function serve(order: PeerOrder): void {
  const players = order.connector === "mysql2"
    ? mysql2Store(mysql, order)
    : mariadbStore(packageOf<MariadbDriver>(order.modules, "mariadb"), order);
  const app = new Hono();
  app.get("/players/:id", async (c) => {
    const id = c.req.param("id");
    if (!/^\d+$/.test(id)) return c.json({ error: "id must be a number" }, 400);
    const player = await players.get(id);
    return player === undefined ? c.json({ error: "no such player" }, 404) : c.json(player);
  });
  app.post("/players/:id/gold", async (c) => {
    const id = c.req.param("id");
    const { amount } = await c.req.json<{ amount: number }>();
    if (!/^\d+$/.test(id) || !Number.isSafeInteger(amount)) {
      return c.json({ error: "id and amount must be numbers" }, 400);
    }
    return c.json({ affectedRows: await players.addGold(id, amount) });
  });
  const { port } = order;
  Deno.serve({ hostname: "127.0.0.1", port, reusePort: true, onListen: () => {} }, app.fetch);
}

const order = readOrder();
if (!("WorkerGlobalScope" in globalThis)) {
  for (let n = 1; n < order.processes; n++) new Worker(import.meta.url, { type: "module" });
}
serve(order);
