/**
 * `deno task bench:peers`: Realmgate and what a user would pick instead, in the same run, on the
 * same servers: reads, writes and YCSB's workloads A, B and C. Writes `results.md` and
 * `results.svg`.
 *
 * `--rounds 5 --seconds 3 --connections 1,32,256 --only reads,writes,a,b,c
 * --peers mysql2,mariadb,fastify,platformatic --isolates 2 --out tests/bench/peers`
 *
 * It does not stand in `peers` itself, for Deno would take the `package.json` there for its own.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Realm, startRealm } from "../../deploy/local/realm.ts";
import { seededRandom } from "../../src/core/random.ts";
import { realmWith } from "../support/realm.ts";
import { alternate, WARM_UP_SECONDS } from "./measure.ts";
import { runScript } from "./wrk.ts";
import { describeRun } from "./peers/about.ts";
import { chart } from "./peers/chart.ts";
import { drawBytes, drawRequests } from "./peers/draws.ts";
import { drawScript } from "./peers/draw_script.ts";
import { installPeers } from "./peers/install.ts";
import { comparisonTable, connectionsText, report } from "./peers/report.ts";
import type { Comparison } from "./peers/results.ts";
import { checkAnswers } from "./peers/same_answers.ts";
import { type Peer, PEERS, PLAIN_WRITE, realmgate, type Service } from "./peers/services.ts";
import { type Way, type Workload, WORKLOADS } from "./peers/workloads.ts";

const { values: flags } = parseArgs({
  args: Deno.args,
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
    connections: { type: "string", default: "1,32,256" },
    only: { type: "string", default: "reads,writes,a,b,c" },
    peers: { type: "string", default: "mysql2,mariadb,fastify,platformatic" },
    isolates: { type: "string", default: "2" },
    out: { type: "string", default: new URL("peers", import.meta.url).pathname },
  },
});
const [rounds, seconds, isolates] = [flags.rounds, flags.seconds, flags.isolates].map(Number) as [
  number,
  number,
  number,
];
const connections = flags.connections.split(",").map(Number);
const workloads = chosen(WORKLOADS, flags.only);
// What all are compared with is always there.
const peers = chosen(PEERS, `mysql2,${flags.peers}`);
const baseline = peers[0]?.name ?? "";

/** The example realm's players. */
const RECORDS = 10_000;
const DRAWS = 1_000_000;
/** Requests that fill the caches: each isolate sees half of them, and 98 % of the players. */
const FILLING = 6 * RECORDS;
/** How far apart in the draws two rounds begin: more than a round sends. */
const STRIDE = 190_027;

console.log(`About ${Math.ceil(estimateSeconds() / 60)} minutes, and two to start everything.`);
await using started = new AsyncDisposableStack();
await Deno.mkdir(flags.out, { recursive: true });
const loadBefore = Deno.loadavg()[0] ?? 0;
const folder = owned(await realmWith(PLAIN_WRITE));
await keepLonger(`${folder}/statements/player.sql`);
const home = owned(await Deno.makeTempDir({ prefix: "realmgate-peers-home-" }));
const drawn = owned(await Deno.makeTempDir({ prefix: "realmgate-peers-draws-" }));
const installed = started.use(await installPeers(console.log));
const realm = started.use(await startRealm({ home, realm: folder }));
const about = await describeRun(realm.stack, {
  run: `Medians of ${rounds} rounds of ${seconds} s, ${
    isolates === 1 ? "one isolate or process" : `${isolates} isolates or processes`
  } each`,
  loadBefore,
});
const ways = await startRealmgate(realm);
const services: Service[] = [];
for (const one of peers) services.push(await startOne(one));
await checkAnswers([ways.uncached, ways.cached, ...services], ways.uncached);
await fillCaches(ways.cached);

const comparisons: Comparison[] = [];
for (const workload of workloads) {
  const random = seededRandom(1);
  const draws = drawRequests({ ...workload, records: RECORDS, count: DRAWS, random });
  const file = await writeDraws(workload.id, draws);
  for (const count of connections) {
    const comparison = await compare(workload, { file, connections: count });
    comparisons.push(comparison);
    console.log(`\n${workload.title}, ${connectionsText(count)}\n`);
    console.log(comparisonTable(comparison, baseline));
  }
}
await writeResults();

async function compare(
  workload: Workload,
  { file, connections }: { readonly file: string; readonly connections: number },
): Promise<Comparison> {
  const all: readonly Service[] = [...workload.ways.map((way) => ways[way]), ...services];
  const databases = realm.stack.shards.flatMap((shard) =>
    [shard.primary, ...shard.replicas].map((server) => server.pid ?? 0)
  );
  const results = await alternate(
    all.map(({ name, url, pids, read, update }) => ({
      name,
      pids,
      load: (run: { readonly seconds: number; readonly round: number }) => {
        const first = (run.round + 1) * STRIDE % DRAWS;
        const lua = drawScript({ read, update, file, first });
        return runScript(url, { lua, connections, seconds: run.seconds });
      },
    })),
    { databases, rounds, seconds },
  );
  const rows = all.map(({ name }, at) => ({ name, rounds: results[at] ?? [] }));
  return { workload, connections, rows };
}

/** Asks for every player, several times: caches are full before anybody measures them. */
async function fillCaches({ name, url, read, update }: Service): Promise<void> {
  const file = await writeDraws("all", Uint16Array.from({ length: RECORDS }, (_, at) => at + 1));
  for (let sent = 0; sent < FILLING;) {
    const lua = drawScript({ read, update, file, first: sent % RECORDS });
    const { requests, errors } = await runScript(url, { lua, connections: 64, seconds: 3 });
    if (requests === 0 || errors > 0) {
      throw new Error(`Cannot fill the caches of ${name}: received ${errors} errors`);
    }
    sent += requests;
  }
}

async function writeDraws(name: string, draws: Uint16Array): Promise<string> {
  const file = join(drawn, name);
  await Deno.writeFile(file, drawBytes(draws));
  return file;
}

async function writeResults(): Promise<void> {
  const [markdown, svg] = [join(flags.out, "results.md"), join(flags.out, "results.svg")];
  await Deno.writeTextFile(svg, chart(comparisons, { about, baseline }));
  const text = report(comparisons, { about, baseline, chart: "results.svg" });
  await Deno.writeTextFile(markdown, text);
  // They are committed, and stand under the format check of everything else.
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const args = ["fmt", "--quiet", "--config", config, markdown, svg];
  await new Deno.Command(Deno.execPath(), { args }).spawn().status;
  console.log(`\nWrote ${markdown} and ${svg}`);
}

async function startRealmgate({ apiKey }: Realm): Promise<Record<Way, Service>> {
  const service = await realm.startService({ isolates, env: { REALMGATE_POOL_WAITERS: "32" } });
  const options = { url: service.url, pid: service.pid, apiKey };
  return { uncached: realmgate("uncached", options), cached: realmgate("cached", options) };
}

async function startOne(peer: Peer): Promise<Service> {
  const service = await peer.start(realm, { processes: isolates, installed });
  started.defer(service.end);
  return service;
}

/** Has a folder go at the end. */
function owned(path: string): string {
  started.defer(() => Deno.remove(path, { recursive: true }));
  return path;
}

/** Has caches keep what they read beyond the rounds of all other services that lie between. */
async function keepLonger(statements: string): Promise<void> {
  const text = await Deno.readTextFile(statements);
  await Deno.writeTextFile(statements, text.replaceAll("ttl=30s", "ttl=10m"));
}

function estimateSeconds(): number {
  const loads = workloads.reduce((sum, { ways }) => sum + ways.length + peers.length, 0);
  return loads * connections.length * (WARM_UP_SECONDS + rounds * seconds);
}

/** Those of some that a flag names. @throws if it names another */
function chosen<T extends { readonly id: string }>(all: readonly T[], names: string): T[] {
  const wanted = names.split(",");
  const unknown = wanted.find((name) => !all.some(({ id }) => id === name));
  if (unknown !== undefined) {
    const known = all.map(({ id }) => id).join(",");
    throw new Error(`Cannot measure: each must be one of ${known}, received ${unknown}`);
  }
  return all.filter(({ id }) => wanted.includes(id));
}
