/**
 * `deno task bench`: Realmgate beside the service that a user would write by hand, on the same
 * servers, in turn. Prints medians over the rounds and ratios round by round, with their extremes:
 * machines are noisy, ratios of neighbours less so.
 *
 * `--rounds 5 --seconds 4 --connections 32 --only hits,reads,writes,tagged,outbox`
 */
import { parseArgs } from "node:util";
import { startRealm } from "../../deploy/local/realm.ts";
import { cpuMicros } from "./cpu.ts";
import { median, ratioText, type Round, table } from "./figures.ts";
import { startProgram } from "./program.ts";
import { realmWith } from "../support/realm.ts";
import { runWrk, type Shape } from "./wrk.ts";

interface Target {
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
const STATEMENTS = `-- name: bench.add_gold :exec
-- @shard :playerId
-- @param playerId bigint
-- @param amount bigint
UPDATE players SET gold = gold + :amount, version = version + 1 WHERE id = :playerId;
`;

const folder = await realmWith(STATEMENTS);
const config = `${folder}/realmgate.yaml`;
await Deno.writeTextFile(
  config,
  (await Deno.readTextFile(config)).replace(
    "\ndatabase:\n",
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
  const peer = await startProgram("peer.ts", [
    String(isolates),
    ...realm.stack.shards.map(({ primary }) => `${primary.host}:${primary.port}`),
  ], {
    PEER_USER: realm.stack.shards[0]?.primary.user ?? "",
    PEER_PASSWORD: realm.stack.shards[0]?.primary.password ?? "",
    PEER_DATABASE: realm.stack.shards[0]?.primary.database ?? "",
  });
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
    const byHand = {
      name: "hand-written, writes",
      ...peer,
      shape: post("/players/{id}/gold", '{"amount":1}', {}),
    };
    const suites: Record<string, readonly Target[]> = {
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
  } finally {
    peer.end();
    constant.end();
    await service.stop();
  }
} finally {
  await realm[Symbol.asyncDispose]();
  await Deno.remove(home, { recursive: true });
  await Deno.remove(folder, { recursive: true });
}

async function compare(targets: readonly Target[], databases: readonly number[]): Promise<void> {
  const results = new Map<string, Round[]>(targets.map(({ name }) => [name, []]));
  for (const target of targets) await measure(target, databases, 2);
  for (let round = 0; round < rounds; round++) {
    // The order turns round by round, so that neither always runs on the warmer machine.
    const order = round % 2 === 0 ? targets : [...targets].reverse();
    for (const target of order) {
      results.get(target.name)?.push(await measure(target, databases, seconds));
    }
  }
  const middle = (name: string, pick: (round: Round) => number) =>
    median((results.get(name) ?? []).map(pick));
  console.log(
    "\n" + table([
      ["", "requests/s", "p50 ms", "p99 ms", "service µs/req", "database µs/req", "errors"],
      ...targets.map(({ name }) => [
        name,
        middle(name, (r) => r.requestsPerSecond).toFixed(0),
        middle(name, (r) => r.p50Ms).toFixed(2),
        middle(name, (r) => r.p99Ms).toFixed(2),
        middle(name, (r) => r.serviceMicros).toFixed(1),
        middle(name, (r) => r.databaseMicros).toFixed(1),
        String((results.get(name) ?? []).reduce((sum, r) => sum + r.errors, 0)),
      ]),
    ]),
  );
  const [first, ...others] = targets.map(({ name }) => name);
  const ours = results.get(first ?? "") ?? [];
  for (const other of others) {
    const theirs = results.get(other) ?? [];
    console.log(`${first} / ${other}`);
    console.log(`  requests/s: ${ratioText(ours, theirs, (r) => r.requestsPerSecond)}`);
    console.log(
      `  CPU per request: ${
        ratioText(ours, theirs, (r) => r.serviceMicros + r.databaseMicros)
      }; service alone: ${ratioText(ours, theirs, (r) => r.serviceMicros)}`,
    );
    console.log(`  p99: ${ratioText(ours, theirs, (r) => r.p99Ms)}`);
  }
}

async function measure(
  target: Target,
  databases: readonly number[],
  forSeconds: number,
): Promise<Round> {
  const [service0, database0] = [await cpuMicros([target.pid]), await cpuMicros(databases)];
  const load = await runWrk(target.url, { shape: target.shape, connections, seconds: forSeconds });
  const [service1, database1] = [await cpuMicros([target.pid]), await cpuMicros(databases)];
  return {
    requestsPerSecond: load.requests / load.seconds,
    p50Ms: load.p50Ms,
    p99Ms: load.p99Ms,
    serviceMicros: (service1 - service0) / load.requests,
    databaseMicros: (database1 - database0) / load.requests,
    errors: load.errors,
  };
}
