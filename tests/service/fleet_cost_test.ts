import { assert, assertEquals } from "@std/assert";
import type { MariadbServer } from "../../deploy/local/mariadb_server.ts";
import type { ServiceProcess } from "../../deploy/local/service_process.ts";
import type { Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { promote } from "../support/promote.ts";
import { type TestRealm, testRealm } from "../support/realm.ts";
import { countStatements, statementsOf } from "../support/statement_count.ts";

/** A process of the fleet under test. */
interface Process {
  readonly service: ServiceProcess;
  readonly client: Client;
}

interface NodeView {
  readonly name: string;
  readonly observedAt: number;
}

interface ShardView {
  readonly name: string;
  readonly primary: string | null;
  readonly epoch: string;
  readonly status: string;
  readonly nodes: readonly NodeView[];
}

function serversOf({ realm }: TestRealm): MariadbServer[] {
  return realm.stack.shards.flatMap(({ primary, replicas }) => [primary, ...replicas]);
}

/** Starts processes of two isolates each; returns once none has anything left to do at its start. */
async function startProcesses(
  realm: TestRealm,
  options: { readonly count: number; readonly fleet?: (n: number) => string },
): Promise<Process[]> {
  const { count, fleet } = options;
  const processes = await Promise.all(Array.from({ length: count }, (_, n) =>
    realm.serve({
      isolates: 2,
      ...(fleet === undefined ? {} : { env: { REALMGATE_FLEET: fleet(n) } }),
    })));
  for (const { service, client } of processes) {
    const { body } = await client.get("/v1/statements");
    const statements = (body["statements"] as unknown[]).length;
    await eventually(() =>
      said(service, "statement checked") + said(service, "statement unavailable") >= statements
    );
  }
  return processes;
}

/** How many lines of a process's log have all of these words in them. */
function said(service: ServiceProcess, ...words: readonly string[]): number {
  return service.logs.filter((line) => words.every((word) => line.includes(`"${word}"`))).length;
}

function has({ service }: Process, duty: string): boolean {
  return !service.ended && said(service, "on duty", duty) > said(service, "off duty", duty);
}

/** Whether a process says that it looks at the databases for the others. */
function onDuty(process: Process): boolean {
  return has(process, "realmgate:topology");
}

/** Whether a process says that it sweeps, as three of a fleet do. */
function isSweeping(process: Process): boolean {
  return has(process, "realmgate:cache-sweep");
}

/** Calls `look` again and again for so long. */
async function during(ms: number, look: () => unknown | Promise<unknown>): Promise<void> {
  const until = performance.now() + ms;
  await eventually(async () => {
    await look();
    return performance.now() > until;
  }, { withinMs: ms + 10_000 });
}

/** As long as it is between looks in depth, so that a count has one of them, seldom none, never two. */
const QUIET_S = 10;
const MINUTE_MS = 60_000;
/** How long what is scheduled with a minute goes on at most. */
const MARGIN_MS = 2_000;

/**
 * Returns when nothing scheduled will begin for so long. With a minute the plans may be looked at, and
 * idle sessions are closed: servers count a session's SHOWs and EXPLAINs when it ends.
 */
async function untilQuiet(ms: number): Promise<void> {
  const into = Date.now() % MINUTE_MS;
  if (into < MARGIN_MS) await during(MARGIN_MS - into, () => {});
  else if (into + ms + MARGIN_MS > MINUTE_MS) {
    await during(MINUTE_MS - into + MARGIN_MS, () => {});
  }
}

/** What the service's account runs on each server in so many quiet seconds. */
async function quietCost(realm: TestRealm): Promise<Record<string, number>> {
  const count = async () => {
    const { user } = realm.realm.stack.service;
    const servers = serversOf(realm);
    return await Promise.all(servers.map((server) => statementsOf(server, user)));
  };
  await untilQuiet(QUIET_S * 1_000);
  const before = await count();
  await during(QUIET_S * 1_000, () => {});
  const after = await count();
  return Object.fromEntries(
    serversOf(realm).map(({ name }, n) => [name, (after[n] ?? 0) - (before[n] ?? 0)]),
  );
}

async function shardsOf({ client }: Process): Promise<ShardView[]> {
  return (await client.get("/v1/topology")).body["shards"] as ShardView[];
}

/** The oldest and the times of all looks that a process knows. */
async function looksOf(process: Process): Promise<Map<string, number>> {
  const shards = await shardsOf(process);
  return new Map(
    shards.flatMap(({ nodes }) => nodes.map(({ name, observedAt }) => [name, observedAt])),
  );
}

/** Asks processes for so long what they know; returns how old it ever was. Nothing goes backward. */
async function worstAge(processes: readonly Process[], ms: number): Promise<number> {
  let worst = 0;
  const newest = new Map<string, number>();
  await during(ms, () =>
    Promise.all(processes.map(async (process) => {
      const looks = await looksOf(process);
      worst = Math.max(worst, Date.now() - Math.min(...looks.values()));
      for (const [node, at] of looks) {
        const key = `${process.service.pid} ${node}`;
        // Both isolates of a process answer, and one hears of a look a moment before the other.
        const before = newest.get(key) ?? 0;
        assert(at > before - 2_500, `${key} went ${before - at} ms backward`);
        newest.set(key, Math.max(at, before));
      }
    })));
  return worst;
}

/** Kills a shard's primary and promotes a replica; returns after how long each process follows. */
async function failOver(
  processes: readonly Process[],
  shard: TestRealm["realm"]["stack"]["shards"][number],
): Promise<number[]> {
  const [replica] = shard.replicas;
  if (replica === undefined) throw new Error("the stack must have a replica");
  shard.primary.kill("SIGKILL");
  const began = performance.now();
  await promote(replica);
  return await Promise.all(processes.map((process) =>
    eventually(async () => {
      const state = (await shardsOf(process)).find(({ name }) => name === shard.name);
      const follows = state?.primary === replica.name && state.status === "ok";
      return follows ? performance.now() - began : undefined;
    }, { withinMs: 20_000, what: `${process.service.pid} to follow` })
  ));
}

Deno.test("Service costs the databases the same with one process and with six", async (t) => {
  await using realm = await testRealm();
  for (const server of serversOf(realm)) await countStatements(server);
  const costs: Record<string, Record<string, number>> = {};
  const stopAll = (processes: readonly Process[]) =>
    Promise.all(processes.map(({ service }) => service.stop()));

  await t.step("one process of two isolates", async () => {
    const processes = await startProcesses(realm, { count: 1 });
    await eventually(() => processes.some(onDuty) && processes.some(isSweeping));
    costs["one"] = await quietCost(realm);
    await stopAll(processes);
  });

  await t.step("six processes of two isolates, of one fleet", async () => {
    const processes = await startProcesses(realm, { count: 6 });
    await eventually(() => processes.some(onDuty) && processes.filter(isSweeping).length === 3);
    costs["six"] = await quietCost(realm);
    assertEquals([onDuty, isSweeping].map((is) => processes.filter(is).length), [1, 3]);
    await stopAll(processes);
  });

  await t.step("the control: six processes that each look for themselves", async () => {
    const processes = await startProcesses(realm, { count: 6, fleet: (n) => `alone-${n}` });
    await eventually(() => processes.every(onDuty) && processes.every(isSweeping));
    costs["apart"] = await quietCost(realm);
    await stopAll(processes);
  });

  const primaries = realm.realm.stack.shards.map(({ primary }) => primary.name);
  for (const [server, one] of Object.entries(costs["one"] ?? {})) {
    const [six = NaN, apart = NaN] = [costs["six"]?.[server], costs["apart"]?.[server]];
    assert(one >= 6, `${server}: ${one} statements of one process`);
    // Three processes of a fleet look at a primary's outbox, however many there are.
    const more = primaries.includes(server) ? 2 * QUIET_S : 0;
    assert(six <= 1.3 * (one + more), `${server}: ${one} alone, ${six} with six`);
    assert(one + more <= 1.3 * six, `${server}: ${one} alone, ${six} with six`);
    assert(
      apart >= 4.5 * one,
      `${server}: ${apart} of six that look for themselves, ${one} of one`,
    );
  }
});

Deno.test("Service's processes follow the databases when the one on duty or Redis is gone", async (t) => {
  await using realm = await testRealm();
  const [first, second] = realm.realm.stack.shards;
  if (first === undefined || second === undefined) {
    throw new Error("the stack must have two shards");
  }
  const processes = await startProcesses(realm, { count: 4 });
  const prober = () => eventually(() => processes.find(onDuty), { what: "one on duty" });
  const others = (one: Process) =>
    processes.filter((process) => process !== one && !process.service.ended);

  await t.step("the one on duty is stopped and goes on", async () => {
    const stopped = await prober();
    stopped.service.kill("SIGSTOP");
    try {
      const age = await worstAge(others(stopped), 8_000);
      assert(age < 5_000, `${age} ms`);
      assert(others(stopped).some(onDuty), "nobody took over");
    } finally {
      stopped.service.kill("SIGCONT");
    }
    const age = await worstAge(others(stopped), 4_000);
    assert(age < 4_000, `${age} ms after it went on`);
    await eventually(() => processes.filter(onDuty).length === 1, { what: "only one on duty" });
  });

  await t.step("the one on duty is killed", async () => {
    const killed = await prober();
    killed.service.kill("SIGKILL");
    await killed.service.exited;
    const age = await worstAge(others(killed), 8_000);
    assert(age < 5_000, `${age} ms`);
    assertEquals(others(killed).filter(onDuty).length, 1);
  });

  const survivors = processes.filter(({ service }) => !service.ended);

  await t.step("a shard fails over", async () => {
    const took = await failOver(survivors, first);
    assert(Math.max(...took) < 8_000, `${took}`);
    const epochs = await Promise.all(
      survivors.map(async (process) => (await shardsOf(process))[0]?.epoch),
    );
    assertEquals(new Set(epochs).size, 1, `${epochs}`);
  });

  await t.step("Redis is stopped and goes on", async () => {
    realm.realm.stack.redis.kill("SIGSTOP");
    try {
      const age = await worstAge(survivors, 8_000);
      assert(age < 6_000, `${age} ms`);
      assert(!survivors.some(onDuty), "nobody can know that it is on duty");
    } finally {
      realm.realm.stack.redis.kill("SIGCONT");
    }
    await eventually(() => survivors.filter(onDuty).length === 1, { what: "one on duty" });
  });

  await t.step("a shard fails over while Redis is gone", async () => {
    realm.realm.stack.redis.kill();
    const took = await failOver(survivors, second);
    assert(Math.max(...took) < 12_000, `${took}`);
  });

  await t.step("Redis is back", async () => {
    await realm.realm.stack.redis.restart();
    await eventually(() => survivors.filter(onDuty).length === 1, { what: "one on duty" });
    await eventually(async () => {
      const states = await Promise.all(survivors.map(shardsOf));
      return new Set(states.map((shards) => shards.map(({ epoch }) => epoch).join())).size === 1;
    }, { what: "one epoch of each shard" });
  });
});
