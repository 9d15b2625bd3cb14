import { Redis } from "ioredis";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { RedisServer } from "../../deploy/local/redis_server.ts";
import { RealmgateError } from "../../src/core/errors.ts";
import { type RedisClient, redisScript } from "../../src/drivers/redis.ts";
import { eventually } from "../support/eventually.ts";
import { redisCommand } from "../support/redis_command.ts";
import { reasonsLog, withRedis } from "./redis_fixture.ts";

const INCREMENT = redisScript("return redis.call('incr', KEYS[1])");
const REFUSE = redisScript("return redis.error_reply(ARGV[1])");

function increment(client: RedisClient): Promise<unknown> {
  return client.run(INCREMENT, { keys: ["{t}:n"], args: [] });
}

async function refusal(run: () => Promise<unknown>): Promise<string> {
  const error = await assertRejects(run, RealmgateError, "Cannot reach Redis");
  assertEquals(error.outcome, "not_applied");
  return String(error.cause);
}

function statesOf(client: RedisClient): string[] {
  const states: string[] = [];
  client.onState((state) => states.push(state));
  return states;
}

Deno.test("IoredisClient gives a server up when it was demoted, and uses it again as a master", () =>
  withRedis(async (server, connect) => {
    const client = connect();
    const states = statesOf(client);
    await client.start();
    assertEquals(await increment(client), 1);
    await redisCommand(server, "REPLICAOF 127.0.0.1 1");
    assertStringIncludes(await refusal(() => increment(client)), "READONLY");
    assertEquals(client.state, "down");
    const connections = async () =>
      Number(
        /total_connections_received:(\d+)/.exec(await redisCommand(server, "INFO stats"))?.[1],
      );
    const before = await connections();
    await eventually(async () => await connections() > before + 5);
    // A replica is connected to, looked at and left: never "up".
    assertEquals(states, ["up", "down"]);
    await redisCommand(server, "REPLICAOF NO ONE");
    await eventually(() => client.state === "up");
    assertEquals(await increment(client), 2);
  }));

Deno.test("IoredisClient notices by its heartbeat when the server lost its master", () =>
  withRedis(async (server, connect) => {
    const client = connect();
    await client.start();
    await redisCommand(server, "CONFIG SET replica-serve-stale-data no");
    await redisCommand(server, "REPLICAOF 127.0.0.1 1");
    await eventually(() => client.state === "down");
  }));

Deno.test("IoredisClient connects anew when the server says that it is not the one to use", () =>
  withRedis(async (_server, connect) => {
    const client = connect();
    await client.start();
    // A busy machine may need longer than one time limit.
    await eventually(() => client.state === "up");
    const states = statesOf(client);
    const replies = [
      "LOADING it",
      "MASTERDOWN it",
      "UNBLOCKED it",
      "CLUSTERDOWN it",
      "READONLY it",
    ];
    for (const [index, reply] of replies.entries()) {
      const refused = refusal(() => client.run(REFUSE, { keys: ["{t}:n"], args: [reply] }));
      assertStringIncludes(await refused, reply);
      assertEquals(client.state, "down");
      await eventually(() => states.length === 2 * index + 2);
    }
    assertEquals(states, replies.flatMap(() => ["down", "up"]));
    for (const reply of ["READONLYX", "ERR READONLY"]) {
      await refusal(() => client.run(REFUSE, { keys: ["{t}:n"], args: [reply] }));
    }
    assertEquals(client.state, "up");
  }));

Deno.test("IoredisClient stays connected when the server takes no writes for now", () =>
  withRedis(async (server, connect) => {
    const client = connect();
    await client.start();
    const states = statesOf(client);
    await redisCommand(server, "CONFIG SET min-replicas-to-write 1");
    assertStringIncludes(await refusal(() => increment(client)), "NOREPLICAS");
    await redisCommand(server, "CONFIG SET min-replicas-to-write 0");

    const folder = (await redisCommand(server, "CONFIG GET dir")).trim().split("\r\n").at(-1);
    await Deno.mkdir(`${folder}/dump.rdb`);
    await redisCommand(server, `CONFIG SET save "3600 1000000"`);
    await redisCommand(server, "BGSAVE");
    await eventually(async () =>
      (await redisCommand(server, "INFO persistence")).includes("rdb_last_bgsave_status:err")
    );
    assertStringIncludes(await refusal(() => increment(client)), "MISCONF");
    const refusals = async () =>
      (await redisCommand(server, "INFO errorstats")).match(/MISCONF:count=(\d+)/)?.[1];
    // Heartbeats are refused as well, and end nothing.
    await eventually(async () => Number(await refusals()) >= 5);
    await redisCommand(server, "CONFIG SET stop-writes-on-bgsave-error no");
    await increment(client);
    assertEquals(states, []);
    // Or it would refuse to end without having saved.
    await redisCommand(server, `CONFIG SET save ""`);
  }));

const CALLS = 500;

/** Stops the server, sends commands until they are given up, and lets it go on once `lost`. */
async function hangUnder(
  server: RedisServer,
  options: { readonly send: () => Promise<unknown>; readonly lost: () => boolean },
): Promise<PromiseSettledResult<unknown>[]> {
  server.kill("SIGSTOP");
  try {
    const sent = await Promise.allSettled(Array.from({ length: CALLS }, options.send));
    await eventually(options.lost);
    return sent;
  } finally {
    server.kill("SIGCONT");
  }
}

Deno.test("IoredisClient runs nothing a second time when the server hung under its commands", () =>
  withRedis(async (server, connect) => {
    const client = connect();
    await client.start();
    for (let round = 0; round < 3; round++) {
      const before = Number(await increment(client));
      const send = () => increment(client);
      const sent = await hangUnder(server, { send, lost: () => client.state === "down" });
      for (const call of sent) {
        assert(call.status === "rejected" && call.reason instanceof RealmgateError);
        assertEquals(call.reason.outcome, "unknown");
      }
      await eventually(() => client.state === "up");
      const ran = Number(await increment(client)) - before - 1;
      assert(ran <= CALLS, `${ran} ran of ${CALLS}`);
    }
  }));

Deno.test("ioredis alone runs commands a second time when the server hung under them", () =>
  withRedis(async (server) => {
    const naive = new Redis(server.url, { commandTimeout: 250, disconnectTimeout: 100 });
    try {
      await naive.ping();
      let closed = false;
      naive.once("close", () => closed = true);
      const send = () => naive.incr("{t}:n");
      const lost = () => {
        if (naive.stream.writable) naive.disconnect(true);
        return closed;
      };
      const sent = await hangUnder(server, { send, lost });
      assert(sent.every(({ status }) => status === "rejected"));
      await eventually(async () => Number(await naive.get("{t}:n")) > CALLS);
    } finally {
      naive.disconnect();
    }
  }));

Deno.test("IoredisClient never runs in database 0 when the server refuses the one it was told", () =>
  withRedis(async (server, connect) => {
    const log = reasonsLog();
    const client = connect({ url: `${server.url}/99`, log });
    const states = statesOf(client);
    await client.start();
    assertEquals(log.reasons, ["ERR DB index is out of range"]);
    assertStringIncludes(await refusal(() => increment(client)), "ERR DB index is out of range");
    // It is tried again, as the server may be started with more databases.
    const refusals = async () =>
      (await redisCommand(server, "INFO commandstats"))
        .match(/cmdstat_select:.*failed_calls=(\d+)/)?.[1];
    await eventually(async () => Number(await refusals()) > 10);
    assertEquals(states, []);
    assertEquals(await redisCommand(server, "DBSIZE"), ":0\r\n");
  }));

Deno.test("IoredisClient waits for its database when its account loses and gets the leave to select", () =>
  withRedis(async (server, connect) => {
    await redisCommand(server, "ACL SETUSER game on >secret ~* &* +@all");
    const url = `${server.url.replace("//", "//game:secret@")}/3`;
    const client = connect({ url });
    await client.start();
    await eventually(() => client.state === "up");
    assertEquals(await increment(client), 1);

    await redisCommand(server, "ACL SETUSER game -select");
    await redisCommand(server, "CLIENT KILL USER game");
    await eventually(() => client.state === "down");
    const log = reasonsLog();
    const late = connect({ url, log });
    const states = [statesOf(client), statesOf(late)];
    await late.start();
    assertStringIncludes(String(log.reasons), "NOPERM");
    await eventually(async () => (await refusal(() => increment(client))).includes("NOPERM"));
    assertEquals(states, [[], []]);
    assertEquals(await redisCommand(server, "EXISTS {t}:n"), ":0\r\n");

    await redisCommand(server, "ACL SETUSER game +select");
    await eventually(() => client.state === "up" && late.state === "up");
    assertEquals([await increment(client), await increment(late)], [2, 3]);
    assertStringIncludes(await redisCommand(server, "INFO keyspace"), "db3:keys=1");
  }));
