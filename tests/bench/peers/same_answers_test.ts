import { assertEquals, assertRejects } from "@std/assert";
import { checkAnswers } from "./same_answers.ts";
import type { Service } from "./services.ts";

type Player = Record<string, string | number>;

/** A service over some players, told apart by what it does with a read and an update. */
function serve(
  players: Map<string, Player>,
  { gold = 1, see = (player: Player) => player as unknown } = {},
): { readonly service: Service; readonly server: Deno.HttpServer<Deno.NetAddr> } {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const id = new URL(request.url).pathname.slice(1);
    const player = players.get(id) ?? { id };
    if (request.method === "GET") return Response.json(see(player));
    const version = Number(player["version"]) + 1;
    players.set(id, { ...player, gold: String(Number(player["gold"]) + gold), version });
    return Response.json({});
  });
  return {
    server,
    service: {
      name: "one",
      url: `http://127.0.0.1:${server.addr.port}`,
      pids: [],
      read: { method: "GET", path: "/{id}", headers: {} },
      update: { method: "POST", path: "/{id}", body: "{}", headers: {} },
    },
  };
}

function somePlayers(): Map<string, Player> {
  return new Map([1, 2, 3, 4, 5, 6, 7, 8, 42, 9_999, 10_000].map((id) => [
    String(id),
    { id: String(id), name: `n${id}`, level: 1, xp: "5", gold: "1000", version: 1 },
  ]));
}

Deno.test("checkAnswers takes services that answer alike, whatever the form, and add gold", async () => {
  const players = somePlayers();
  const reference = serve(players, { see: (player) => ({ data: player }) });
  const other = serve(players, {
    see: (player) => ({ ...player, id: Number(player["id"]), guildId: 7 }),
  });
  await using _servers = { [Symbol.asyncDispose]: () => close(reference, other) };
  await checkAnswers([reference.service, other.service], reference.service);
  // Each has added one to each of them.
  assertEquals(players.get("42")?.["gold"], "1002");
});

Deno.test("checkAnswers refuses a service that answers another row, or whose update adds nothing", async () => {
  const players = somePlayers();
  const reference = serve(players);
  const wrong = serve(players, {
    see: (player) => ({ ...player, xp: player["id"] === "42" ? "6" : player["xp"] }),
  });
  const idle = serve(players, { gold: 0 });
  await using _servers = { [Symbol.asyncDispose]: () => close(reference, wrong, idle) };
  await assertRejects(
    () => checkAnswers([wrong.service], reference.service),
    Error,
    'what it reads must be {"id":"42"',
  );
  await assertRejects(
    () => checkAnswers([idle.service], reference.service),
    Error,
    'what it has updated must be {"id":"1","name":"n1","level":"1","xp":"5","gold":"1001"',
  );
});

async function close(...all: { readonly server: Deno.HttpServer }[]): Promise<void> {
  await Promise.all(all.map(({ server }) => server.shutdown()));
}
