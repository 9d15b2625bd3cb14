import { assertEquals } from "@std/assert";
import { type HttpRequest, type HttpResult, KeptConnection } from "./kept_connection.ts";

const GET: HttpRequest = { method: "GET", path: "/", headers: {} };

async function withServer(
  handler: (request: Request) => Response | Promise<Response>,
  work: (send: (request: HttpRequest, patienceMs?: number) => Promise<HttpResult>, kept: {
    readonly connection: KeptConnection;
    stop(): Promise<void>;
  }) => Promise<void>,
): Promise<void> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
  const connection = new KeptConnection("a", `http://127.0.0.1:${server.addr.port}`);
  try {
    await work(
      (request, patienceMs = 10_000) => connection.send(request, { patienceMs }),
      { connection, stop: () => server.shutdown() },
    );
  } finally {
    connection.close();
    await server.shutdown();
  }
}

function told(result: HttpResult): string {
  return result.kind === "answered" ? `${result.status} ${result.body}` : result.kind;
}

Deno.test("KeptConnection sends what follows over the same socket, bodies and none alike", async () => {
  const ports: unknown[] = [];
  await withServer(async (request) => {
    ports.push(request.headers.get("x-tell"));
    const body = await request.text();
    return request.headers.has("if-none-match")
      ? new Response(null, { status: 304 })
      : new Response(body === "" ? "nothing" : body);
  }, async (send, { connection }) => {
    assertEquals(told(await send(GET)), "200 nothing");
    assertEquals(told(await send({ ...GET, headers: { "if-none-match": '"a"' } })), "304 ");
    assertEquals(told(await send({ ...GET, method: "POST", body: "some" })), "200 some");
    assertEquals(connection.id, "a/1");
  });
});

Deno.test("KeptConnection has another id once its socket ended, and says why a request failed", async () => {
  const held = Promise.withResolvers<void>();
  await withServer(async (request) => {
    if (request.method === "POST") await held.promise;
    return new Response("late");
  }, async (send, { connection, stop }) => {
    assertEquals(told(await send(GET)), "200 late");
    assertEquals(told(await send({ ...GET, method: "POST" }, 50)), "unanswered");
    assertEquals([told(await send(GET)), connection.id], ["200 late", "a/2"]);
    held.resolve();
    await stop();
    assertEquals(told(await send(GET)), "closed");
    assertEquals(told(await send(GET)), "not_sent");
  });
});
