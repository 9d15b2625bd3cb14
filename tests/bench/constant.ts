/** A Hono route that answers a constant: the most that any service here can do. */
import { Hono } from "hono";

function serve(port: number): void {
  const app = new Hono();
  app.get("/constant/:id", (c) => c.json({ data: { id: "42", name: "player42", gold: "1000" } }));
  Deno.serve({ hostname: "127.0.0.1", port, reusePort: true, onListen: () => {} }, app.fetch);
}

if ("WorkerGlobalScope" in globalThis) {
  globalThis.addEventListener("message", (event) => {
    const order: number = (event as MessageEvent).data;
    serve(order);
  });
} else {
  const [port = "", isolates = "1"] = Deno.args;
  for (let n = 1; n < Number(isolates); n++) {
    new Worker(import.meta.url, { type: "module" }).postMessage(Number(port));
  }
  serve(Number(port));
}
