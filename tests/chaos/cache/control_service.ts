/**
 * The control: cache-aside as many write it by hand, over Hono, mysql2 and ioredis with settings of
 * their own. It answers the calls of Realmgate that the adversary makes, with as many isolates on one
 * port, until its standard input ends. Its only argument is its {@linkcode ControlSetup} as JSON.
 */
import { type Context, Hono } from "hono";
import { openControlCache } from "./control_cache.ts";
import { ControlDatabase } from "./control_database.ts";
import type { ControlSetup } from "./control_setup.ts";

interface Call {
  readonly statement: string;
  readonly params: { readonly playerId: string };
}

function serve(setup: ControlSetup): void {
  const { loads, port } = setup;
  const cache = openControlCache(setup);
  const database = new ControlDatabase(setup);

  const read = async ({ statement, params }: Call, strong: boolean) => {
    const id = String(params.playerId);
    const load = (from: "replica" | "primary") => database.read(statement, { id, from });
    if (strong) return { source: "primary", body: { data: await load("primary") ?? null } };
    const { value, hit } = await cache.get(
      { id, statement },
      async () => await load(loads) ?? null,
    );
    return { source: hit ? "cache" : loads, body: { data: value } };
  };
  const write = async ({ statement, params }: Call) => {
    const id = String(params.playerId);
    await database.write(statement, id);
    await cache.drop(id);
    return { affectedRows: 1 };
  };
  const answer = async (c: Context, params: Call["params"]) => {
    const strong = c.req.header("realmgate-consistency") === "strong";
    const call = { statement: c.req.param("statement") ?? "", params };
    const { source, body } = await read(call, strong);
    return c.json(body, 200, { "realmgate-source": source });
  };

  const app = new Hono();
  app.get("/readyz", (c) => c.json({ ready: true }));
  app.get("/v1/query/:statement", (c) => answer(c, { playerId: c.req.query("playerId") ?? "" }));
  app.post("/v1/query/:statement", async (c) => answer(c, (await c.req.json<Call>()).params));
  app.post("/v1/exec/:statement", async (c) => {
    const { params } = await c.req.json<Call>();
    return c.json(await write({ statement: c.req.param("statement"), params }));
  });
  app.post("/v1/caches/:cache/invalidate", async (c) => {
    const { tags: [tag = ""] } = await c.req.json<{ tags: string[] }>();
    await cache.drop(tag.replace("player:", ""));
    return c.json({ invalidated: 1 });
  });
  app.post("/v1/batch", async (c) => {
    const { calls: [call] } = await c.req.json<{ calls: [Call] }>();
    const isRead = database.isRead(call.statement);
    const body = isRead ? (await read(call, false)).body : await write(call);
    return c.json({ results: [{ status: 200, body }] });
  });
  app.onError((error, c) => c.json({ code: "internal", detail: String(error) }, 500));
  Deno.serve({ hostname: "127.0.0.1", port, reusePort: true, onListen: () => {} }, app.fetch);
}

if ("WorkerGlobalScope" in globalThis) {
  globalThis.addEventListener("message", (event) => serve((event as MessageEvent).data));
} else {
  const setup: ControlSetup = JSON.parse(Deno.args[0] ?? "{}");
  for (let n = 1; n < setup.isolates; n++) {
    new Worker(import.meta.url, { type: "module" }).postMessage(setup);
  }
  serve(setup);
  // Whoever started it holds the other end.
  for await (const _ of Deno.stdin.readable);
  Deno.exit(0);
}
