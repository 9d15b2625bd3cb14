/**
 * `deno task bench:cache`: what caches do beside their hits, which `deno task bench` measures.
 *
 * - `cold`: queries that an empty cache asks the databases under a zipf load, beside those of the
 *   hand-written service without a cache;
 * - `evicting`: p99 of hits while 200,000 entries that are over are evicted, beside p99 without;
 * - `memory`: what a full cache takes beside what it counts.
 *
 * `--seconds 5 --only cold,evicting,memory`
 */
import { parseArgs } from "node:util";
import { startRealm } from "../../../deploy/local/realm.ts";
import { countStatements, statementsOf } from "../../support/statement_count.ts";
import { realmWith } from "../../support/realm.ts";
import { startPeer } from "../start_peer.ts";
import { type Load, runScript } from "../wrk.ts";

const { values: flags } = parseArgs({
  args: Deno.args,
  options: {
    seconds: { type: "string", default: "5" },
    only: { type: "string", default: "cold,evicting,memory" },
  },
});
const seconds = Number(flags.seconds);
const only = new Set(flags.only.split(","));
const KEYS = 10_000;
const ENTRIES = 200_000;

if (only.has("memory")) await showMemory();
if (only.has("cold") || only.has("evicting")) await onServers();

async function onServers(): Promise<void> {
  const folder = await realmWith("");
  const config = `${folder}/realmgate.yaml`;
  const text = await Deno.readTextFile(config);
  const cache = `players: { ttl: 30s, negativeTtl: 30s, maxEntries: ${2 * ENTRIES}, ` +
    "maxBytes: 512000000 }";
  await Deno.writeTextFile(config, text.replace(/players: \{.*\}/, cache));
  const home = await Deno.makeTempDir({ prefix: "realmgate-bench-" });
  const realm = await startRealm({ home, realm: folder });
  try {
    if (only.has("cold")) await showCold(realm);
    if (only.has("evicting")) await showEvicting(realm);
  } finally {
    await realm[Symbol.asyncDispose]();
    await Deno.remove(home, { recursive: true });
    await Deno.remove(folder, { recursive: true });
  }
}

type Realm = Awaited<ReturnType<typeof startRealm>>;

async function showCold(realm: Realm): Promise<void> {
  const databases = realm.stack.shards.flatMap(({ primary, replicas }) => [primary, ...replicas]);
  const [first] = realm.stack.shards;
  await Promise.all(databases.map((server) => countStatements(server)));
  const measure = async (
    name: string,
    { url, user, lua }: { readonly url: string; readonly user: string; readonly lua: string },
  ) => {
    const count = async () => {
      const counts = await Promise.all(databases.map((server) => statementsOf(server, user)));
      return counts.reduce((sum, one) => sum + one, 0);
    };
    const before = await count();
    const load = await runScript(url, { lua, connections: 32, seconds });
    const queries = await count() - before;
    console.log(
      `cold, ${name}: ${load.requests} requests, ${queries} statements, ` +
        `${(queries / load.requests).toFixed(4)} per request, ${load.errors} errors`,
    );
  };
  const peer = await startPeer(realm.stack, { processes: 2 });
  const service = await realm.startService({ isolates: 2 });
  try {
    await measure("hand-written, no cache", {
      url: peer.url,
      user: first?.primary.user ?? "",
      lua: zipf("/players/", ""),
    });
    await measure("Realmgate", {
      url: service.url,
      user: realm.stack.service.user,
      lua: zipf("/v1/query/player.get?playerId=", `Bearer ${realm.apiKey}`),
    });
  } finally {
    await peer.end();
    await service.stop();
  }
}

/** Eviction is a task of each full minute: one run of the load crosses it, the others do not. */
async function showEvicting(realm: Realm): Promise<void> {
  const service = await realm.startService({ isolates: 1 });
  const key = `Bearer ${realm.apiKey}`;
  const hits = () =>
    runScript(service.url, {
      lua: random("/v1/query/player.get?playerId=", key, 1_000),
      connections: 32,
      seconds: 4,
    });
  const say = (name: string, { requests, seconds, p50Ms, p99Ms }: Load) =>
    console.log(
      `${name}: ${(requests / seconds).toFixed(0)} requests/s, p50 ${p50Ms.toFixed(2)} ms, ` +
        `p99 ${p99Ms.toFixed(2)} ms`,
    );
  const entries = async () => {
    const answer = await fetch(`${service.url}/v1/caches`, { headers: { authorization: key } });
    const { caches } = await answer.json() as { caches: { name: string; entries: number }[] };
    return caches.find(({ name }) => name === "players")?.entries ?? 0;
  };
  const untilSecond = async (second: number) => {
    const left = (second * 1_000 - Date.now() % 60_000 + 60_000) % 60_000;
    await new Promise((resolve) => setTimeout(resolve, left));
  };
  try {
    await untilSecond(2);
    // What it fills in is over 27 to 30 s later, before the next full minute.
    const filled = await runScript(service.url, {
      lua: inTurn("/v1/query/player.get?playerId=", key, ENTRIES),
      connections: 64,
      seconds: 15,
    });
    console.log(`filled with ${await entries()} entries by ${filled.requests} requests`);
    for (let round = 1; round <= 3; round++) say(`without eviction, ${round}`, await hits());
    await untilSecond(58);
    const before = await entries();
    say("while evicting", await hits());
    console.log(`evicted ${before - await entries()} of ${before} entries`);
    await untilSecond(58);
    say("across the minute, nothing to evict", await hits());
    for (let round = 1; round <= 3; round++) say(`after eviction, ${round}`, await hits());
  } finally {
    await service.stop();
  }
}

async function showMemory(): Promise<void> {
  const script = new URL("memory.ts", import.meta.url).pathname;
  for (const length of ["100", "300", "1000"]) {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-read", "--v8-flags=--expose-gc", script, String(ENTRIES), length],
    }).output();
    console.log(`memory, bodies of ${length}: ${new TextDecoder().decode(stdout).trim()}`);
  }
}

function header(key: string): string {
  return key === "" ? "{}" : `{ ["Authorization"] = "${key}" }`;
}

function random(path: string, key: string, ids: number): string {
  return `
local headers = ${header(key)}
function init() math.randomseed(os.time()) end
function request() return wrk.format("GET", "${path}" .. math.random(1, ${ids}), headers) end
`;
}

function inTurn(path: string, key: string, ids: number): string {
  return `
local headers, id = ${header(key)}, 0
function request()
  id = id % ${ids} + 1
  return wrk.format("GET", "${path}" .. id, headers)
end
`;
}

/** Zipf with YCSB's constant 0.99, as in Gray et al., 1994; by its distribution function. */
function zipf(path: string, key: string): string {
  return `
local headers, sums, sum = ${header(key)}, {}, 0
for rank = 1, ${KEYS} do
  sum = sum + 1 / rank ^ 0.99
  sums[rank] = sum
end
function init() math.randomseed(42) end
function request()
  local at, low, high = math.random() * sum, 1, ${KEYS}
  while low < high do
    local middle = math.floor((low + high) / 2)
    if sums[middle] < at then low = middle + 1 else high = middle end
  end
  return wrk.format("GET", "${path}" .. low, headers)
end
`;
}
