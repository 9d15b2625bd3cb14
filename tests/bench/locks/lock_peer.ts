/**
 * What a user would write by hand for locks: Hono and ioredis, one script a call, the very scripts
 * of Realmgate; no authentication, no validation, no waiting, no care for a lost answer.
 *
 * Arguments: port, isolates, Redis's URL.
 */
import { Hono } from "hono";
import { Redis } from "ioredis";
import { ACQUIRE, RELEASE } from "../../../src/locks/lock_scripts.ts";

interface Scripts {
  acquire(...args: (string | number)[]): Promise<[string, string, string, number]>;
  free(...args: (string | number)[]): Promise<number>;
}

function serve(port: number, url: string): void {
  const redis = new Redis(url);
  redis.defineCommand("acquire", { numberOfKeys: 3, lua: ACQUIRE.lua });
  redis.defineCommand("free", { numberOfKeys: 2, lua: RELEASE.lua });
  const scripts = redis as unknown as Scripts;
  const [lock, queue, attempt] = ["{peer}:lock:", "{peer}:lock-queue:", "{peer}:lock-attempt:"];
  const wake = "{peer}:lock-wake:";
  const app = new Hono();
  let attempts = 0;
  app.post("/v1/locks/:name", async (c) => {
    const name = c.req.param("name");
    const { ttlMs } = await c.req.json<{ ttlMs: number }>();
    const token = crypto.getRandomValues(new Uint8Array(16)).toHex();
    const id = `p.${attempts++}`;
    const [kind, , fence] = await scripts.acquire(
      ...[lock + name, queue + name, attempt + id],
      ...[wake, name, token, id, ttlMs * 1_000, 0, "peer", "", 10_000],
    );
    if (kind !== "granted") return c.json({ error: kind }, 409);
    return c.json({ name, token, fence, ttlMs }, 201);
  });
  app.delete("/v1/locks/:name", async (c) => {
    const name = c.req.param("name");
    const token = c.req.header("realmgate-lock-token") ?? "";
    const released = await scripts.free(lock + name, queue + name, wake, name, token);
    return c.json({ released: released === 1 });
  });
  Deno.serve({ hostname: "127.0.0.1", port, reusePort: true, onListen: () => {} }, app.fetch);
}

if ("WorkerGlobalScope" in globalThis) {
  globalThis.addEventListener("message", (event) => {
    const order: { port: number; url: string } = (event as MessageEvent).data;
    serve(order.port, order.url);
  });
} else {
  const [port = "", isolates = "1", url = ""] = Deno.args;
  for (let n = 1; n < Number(isolates); n++) {
    new Worker(import.meta.url, { type: "module" }).postMessage({ port: Number(port), url });
  }
  serve(Number(port), url);
}
