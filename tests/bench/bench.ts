/**
 * `deno task bench`: Realmgate beside the service that a user would write by hand, on the same
 * servers, in turn. Prints medians over the rounds and ratios round by round, with their extremes:
 * machines are noisy, ratios of neighbours less so.
 *
 * `--rounds 5 --seconds 4 --connections 32 --only hits,reads,writes,tagged,outbox`; of `scatter`
 * and `slow_scatter`, which are beside the same read of one shard, the latency at `--connections 1`
 * is what counts, and
 * `monitor` is the same service beside one that counts no calls, at reads that join no others.
 */
import { parseArgs } from "node:util";
import { startRealm } from "../../deploy/local/realm.ts";
import { figureCells, FIGURES, ratioText, table } from "./figures.ts";
import { alternate } from "./measure.ts";
import { startPeer } from "./start_peer.ts";
import { startProgram } from "./program.ts";
import { realmWith } from "../support/realm.ts";
import { runWrk, type Shape } from "./wrk.ts";

interface Subject {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  readonly shape: Shape;
}

const { values: flags } = parseArgs({
  args: Deno.args,
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "4" },
    connections: { type: "string", default: "32" },
    isolates: { type: "string", default: "2" },
    only: { type: "string", default: "hits,reads,writes,tagged,outbox" },
  },
});
const [rounds, seconds, connections, isolates] = [
  Number(flags.rounds),
  Number(flags.seconds),
  Number(flags.connections),
  Number(flags.isolates),
];
const only = new Set(flags.only.split(","));
const IDS = 10_000;
/** Players that hot reads ask for. */
const HOT_IDS = 1_000;

/** The write that the hand-written service does: it tells nobody. */
const STATEMENTS = `-- name: bench.single :one
-- @shard :playerId
-- @param playerId bigint
SELECT id, name, level, xp, gold, version FROM players WHERE id = :playerId;

-- name: bench.add_gold :exec
-- @shard :playerId
-- @param playerId bigint
-- @param amount bigint
UPDATE players SET gold = gold + :amount, version = version + 1 WHERE id = :playerId;

${leaders("top", "xp")}
${leaders("rich", "gold")}
`;

/** The first players by a column, of both shards and of each: `xp` has an index, `gold` has none. */
function leaders(name: string, column: string): string {
  const select = `SELECT id, name, level, ${column} FROM players ORDER BY ${column} DESC, id`;
  const each = ["s1", "s2"].map((shard) => `
-- name: bench.${name}_${shard} :many
-- @shard ${shard}
-- @param limit int
-- @allow full-scan
${select} LIMIT :limit;
`);
  return `
-- name: bench.${name} :many
-- @shard all
-- @param limit int
-- @merge order=${column} desc,id limit=:limit
-- @allow full-scan
${select} LIMIT :limit;
${each.join("")}`;
}

const folder = await realmWith(STATEMENTS);
const config = `${folder}/realmgate.yaml`;
await Deno.writeTextFile(
  config,
  (await Deno.readTextFile(config)).replace(
    "\ndatabase:\n",
    "\nmonitor:\n  queries: ${BENCH_QUERIES:-true}\n" +
      "\ndatabase:\n  proxied: ${BENCH_PROXIED:-false}\n",
  ),
);
const home = await Deno.makeTempDir({ prefix: "realmgate-bench-" });
const realm = await startRealm({ home, realm: folder });
try {
  const service = await realm.startService({ isolates });
  const databases = realm.stack.shards.flatMap((shard) =>
    [shard.primary, ...shard.replicas].map((server) => server.pid ?? 0)
  );
  const peer = await startPeer(realm.stack, { processes: isolates });
  const constant = await startProgram("constant.ts", [String(isolates)], {});
  try {
    const key = { Authorization: `Bearer ${realm.apiKey}` };
    const json = { "Content-Type": "application/json" };
    const get = (path: string, headers: Record<string, string> = {}, ids = IDS): Shape => ({
      method: "GET",
      path,
      headers,
      ids,
    });
    const post = (path: string, body: string, headers: Record<string, string>): Shape => ({
      method: "POST",
      path,
      body,
      headers: { ...json, ...headers },
      ids: IDS,
    });
    const gold = (statement: string) =>
      post(`/v1/exec/${statement}`, '{"params":{"playerId":"{id}","amount":1}}', key);
    const scattered = (name: string): readonly Subject[] =>
      [name, `${name}_s1`, `${name}_s2`].map((statement) => ({
        name: statement,
        ...service,
        shape: get(`/v1/query/${statement}?limit=10`, key),
      }));
    const byHand = {
      name: "hand-written, writes",
      ...peer,
      shape: post("/players/{id}/gold", '{"amount":1}', {}),
    };
    const suites: Record<string, readonly Subject[]> = {
      hits: [
        {
          name: "Realmgate, hits",
          ...service,
          shape: get("/v1/query/player.get?playerId={id}", key, HOT_IDS),
        },
        { name: "bare Hono, constant", ...constant, shape: get("/constant/{id}", {}, HOT_IDS) },
        { name: "hand-written, reads", ...peer, shape: get("/players/{id}", {}, HOT_IDS) },
      ],
      reads: [
        {
          name: "Realmgate, strong reads",
          ...service,
          shape: get("/v1/query/player.get?playerId={id}", {
            ...key,
            "Realmgate-Consistency": "strong",
          }),
        },
        { name: "hand-written, reads", ...peer, shape: get("/players/{id}") },
      ],
      writes: [
        { name: "Realmgate, plain writes", ...service, shape: gold("bench.add_gold") },
        byHand,
      ],
      tagged: [
        { name: "Realmgate, @invalidates", ...service, shape: gold("player.add_gold") },
        byHand,
      ],
      scatter: scattered("bench.top"),
      slow_scatter: scattered("bench.rich"),
    };
    for (const [suite, targets] of Object.entries(suites)) {
      if (only.has(suite)) await compare(targets, databases);
    }
    if (only.has("outbox")) {
      // Behind a proxy no session can be named: each such write takes the way of the outbox.
      await using outbox = await realm.startService({ isolates, env: { BENCH_PROXIED: "true" } });
      const name = "Realmgate, outbox always";
      await compare([{ name, ...outbox, shape: gold("player.add_gold") }, byHand], databases);
    }
    if (only.has("monitor")) {
      await using blind = await realm.startService({ isolates, env: { BENCH_QUERIES: "false" } });
      const shape = get("/v1/query/bench.single?playerId={id}", key);
      const counting = { name: "Realmgate, counting", ...service, shape };
      await compare([counting, { name: "Realmgate, blind", ...blind, shape }], databases);
    }
  } finally {
    await peer.end();
    await constant.end();
    await service.stop();
  }
} finally {
  await realm[Symbol.asyncDispose]();
  await Deno.remove(home, { recursive: true });
  await Deno.remove(folder, { recursive: true });
}

async function compare(subjects: readonly Subject[], databases: readonly number[]): Promise<void> {
  const targets = subjects.map(({ name, url, pid, shape }) => ({
    name,
    pids: [pid],
    load: (run: { readonly seconds: number }) =>
      runWrk(url, { shape, connections, seconds: run.seconds }),
  }));
  const results = await alternate(targets, { databases, rounds, seconds });
  console.log(
    "\n" + table([
      FIGURES,
      ...targets.map(({ name }, at) => [name, ...figureCells(results[at] ?? [])]),
    ]),
  );
  const [ours = [], ...others] = results;
  others.forEach((theirs, at) => {
    console.log(`${targets[0]?.name} / ${targets[at + 1]?.name}`);
    console.log(`  requests/s: ${ratioText(ours, theirs, (r) => r.requestsPerSecond)}`);
    console.log(
      `  CPU per request: ${
        ratioText(ours, theirs, (r) => r.serviceMicros + r.databaseMicros)
      }; service alone: ${ratioText(ours, theirs, (r) => r.serviceMicros)}`,
    );
    console.log(`  p50: ${ratioText(ours, theirs, (r) => r.p50Ms)}`);
    console.log(`  p99: ${ratioText(ours, theirs, (r) => r.p99Ms)}`);
  });
}
