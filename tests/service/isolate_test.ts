import { assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { parseConfig } from "../../src/config/load.ts";
import { systemClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { systemRandom } from "../../src/core/random.ts";
import { Mysql2Driver } from "../../src/drivers/mysql2_driver.ts";
import { unknownShard } from "../../src/routing/topology_view.ts";
import { Isolate } from "../../src/service/isolate.ts";
import { shardSpecs } from "../../src/service/settings.ts";

const KEY = "a-key";
const CONFIG = `
shards:
  - name: s1
    nodes: [{ name: s1a, address: "127.0.0.1:1" }, { name: s1b, address: "127.0.0.1:1" }]
database: { user: app, password: x, name: game }
redis: { url: "redis://127.0.0.1:1" }
apiKeys:
  - { name: k, sha256: ${createHash("sha256").update(KEY).digest("hex")}, scopes: [read, admin] }
`;
const STATEMENT = `-- name: player.get :one
-- @shard s1
-- @param id bigint
SELECT id FROM players WHERE id = :id;
`;

/** An isolate that was not started: it answers what needs no database. */
function isolate(): Isolate {
  const config = parseConfig(CONFIG, { file: "realmgate.yaml", environment: {} });
  const [spec] = shardSpecs(config);
  if (spec === undefined) throw new Error("the configuration must have a shard");
  const unknown = unknownShard(spec);
  const nodes = unknown.nodes.map((node, n) => ({
    ...node,
    up: true,
    role: n === 0 ? "primary" as const : "replica" as const,
    lagMs: 0,
    ejected: undefined,
  }));
  return new Isolate({
    name: "isolate-2",
    config,
    ca: undefined,
    port: 0,
    sources: [{ file: "player.sql", text: STATEMENT }],
    topology: { at: 1, shards: [{ ...unknown, nodes, primary: "s1a", status: "ok", epoch: "7" }] },
  }, {
    world: {
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      driver: new Mysql2Driver(),
    },
    onSuspect: () => {},
    monitor: { fleet: unknownFleet, own: unknownFleet },
  });
}

function unknownFleet(): Promise<never> {
  return Promise.reject(new Error("this isolate has no main one"));
}

function get(path: string, headers: Record<string, string> = {}): Request {
  return new Request(`http://localhost${path}`, {
    headers: { authorization: `Bearer ${KEY}`, ...headers },
  });
}

Deno.test("Isolate knows the fleet from its start order, before it hears of it again", async () => {
  const response = await isolate().fetch(get("/v1/topology"));
  const { shards } = await response.json();
  assertEquals([shards[0].primary, shards[0].epoch], ["s1a", "7"]);
});

Deno.test("Isolate echoes the request id of whatever it answers", async () => {
  const { fetch } = isolate();
  for (
    const path of [
      "/livez",
      "/readyz",
      "/v1/topology",
      "/v1/statements",
      "/v1/statements/player.get",
      "/v1/route/player.get?id=1",
      "/openapi.json",
      "/docs",
    ]
  ) {
    const response = await fetch(get(path, { "x-request-id": "game-7" }));
    await response.body?.cancel();
    assertEquals(response.headers.get("x-request-id"), "game-7", path);
  }
});

Deno.test("Isolate's dry run asks for the node that the request's consistency asks for", async () => {
  const { fetch } = isolate();
  const nodeFor = async (consistency: string, token?: string) => {
    const response = await fetch(
      get("/v1/route/player.get?id=1", {
        "realmgate-consistency": consistency,
        ...(token === undefined ? {} : { "realmgate-token": btoa(token).replaceAll("=", "") }),
      }),
    );
    const body = await response.json();
    return body.node ?? body.code;
  };
  assertEquals(await nodeFor("eventual"), "s1b");
  assertEquals(await nodeFor("strong"), "s1a");
  assertEquals(await nodeFor("session"), "s1b");
  assertEquals(await nodeFor("session", "1;other:7:0-1-5"), "s1b");
  assertEquals(await nodeFor("session", "1;s1:7:0-1-5"), "s1b", "it may get there in time");
  assertEquals(await nodeFor("session", "1;s1:6:0-1-5"), "s1a");
  assertEquals(await nodeFor("session", "1;s1:7:"), "s1a");
  assertEquals(await nodeFor("session", "1!;s2:7:"), "s1a", "an entry of s1 may have been dropped");
  assertEquals(await nodeFor("eventual", "1;s1:6:0-1-5"), "s1b");
  assertEquals(await nodeFor("session", "2;s1:6:0-1-5"), "invalid_request");
});
