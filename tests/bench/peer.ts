/**
 * The service that a user would write by hand: Hono, mysql2's pool, `execute`, two shards, no
 * cache, no authentication, no validation beyond an integer check; as many isolates as Realmgate
 * has, on one port.
 *
 * Arguments: port, isolates, and one `host:port` per shard's primary. Account and database come
 * from PEER_USER, PEER_PASSWORD and PEER_DATABASE.
 */
import { Hono } from "hono";
import mysql from "mysql2/promise";
import { murmur3 } from "../../src/routing/murmur3.ts";

interface Row extends mysql.RowDataPacket {
  readonly id: string;
}

function serve(port: number, addresses: readonly string[]): void {
  const pools = addresses.map((address) => {
    const [host = "", dbPort = ""] = address.split(":");
    return mysql.createPool({
      host,
      port: Number(dbPort),
      user: Deno.env.get("PEER_USER") ?? "",
      password: Deno.env.get("PEER_PASSWORD") ?? "",
      database: Deno.env.get("PEER_DATABASE") ?? "",
      connectionLimit: 8,
      supportBigNumbers: true,
      bigNumberStrings: true,
      dateStrings: true,
      timezone: "Z",
    });
  });
  const poolOf = (id: string) => pools[murmur3(id) % pools.length] as mysql.Pool;
  const app = new Hono();
  app.get("/players/:id", async (c) => {
    const id = c.req.param("id");
    if (!/^\d+$/.test(id)) return c.json({ error: "id must be a number" }, 400);
    const [rows] = await poolOf(id).execute<Row[]>(
      "SELECT id, name, level, xp, gold, version FROM players WHERE id = ?",
      [id],
    );
    const row = rows[0];
    return row === undefined ? c.json({ error: "no such player" }, 404) : c.json(row);
  });
  app.post("/players/:id/gold", async (c) => {
    const id = c.req.param("id");
    const { amount } = await c.req.json<{ amount: number }>();
    if (!/^\d+$/.test(id) || !Number.isSafeInteger(amount)) {
      return c.json({ error: "id and amount must be numbers" }, 400);
    }
    const [result] = await poolOf(id).execute<mysql.ResultSetHeader>(
      "UPDATE players SET gold = gold + ?, version = version + 1 WHERE id = ?",
      [amount, id],
    );
    return c.json({ affectedRows: result.affectedRows });
  });
  Deno.serve({ hostname: "127.0.0.1", port, reusePort: true, onListen: () => {} }, app.fetch);
}

if ("WorkerGlobalScope" in globalThis) {
  globalThis.addEventListener("message", (event) => {
    const order: { port: number; addresses: string[] } = (event as MessageEvent).data;
    serve(order.port, order.addresses);
  });
} else {
  const [port = "", isolates = "1", ...addresses] = Deno.args;
  for (let n = 1; n < Number(isolates); n++) {
    new Worker(import.meta.url, { type: "module" }).postMessage({ port: Number(port), addresses });
  }
  serve(Number(port), addresses);
}
