import { Redis } from "ioredis";
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { RedisServer } from "../../deploy/local/redis_server.ts";
import { systemClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { systemRandom } from "../../src/core/random.ts";
import { IoredisClient } from "../../src/drivers/ioredis_client.ts";
import { redisScript } from "../../src/drivers/redis.ts";
import type { RedisSentinelTarget } from "../../src/drivers/redis_target.ts";
import { eventually } from "../support/eventually.ts";
import { redisCommand } from "../support/redis_command.ts";
import { type SentinelStack, startSentinels } from "../support/sentinel.ts";

const WRITE = redisScript(`
  redis.call('incr', KEYS[1])
  return tonumber(string.match(redis.call('info', 'server'), 'tcp_port:(%d+)'))
`);

function connect(stack: SentinelStack, account: Partial<RedisSentinelTarget> = {}) {
  const client = new IoredisClient({
    server: { ...stack.target, ...account },
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    timeoutMs: 250,
    heartbeatMs: 100,
  });
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}

/** Starts it, and waits for a first attempt that a busy machine let come to nothing. */
async function connected(client: IoredisClient): Promise<void> {
  await client.start();
  await eventually(() => client.state === "up");
}

/** The port of the server that takes a write now. */
async function writesTo(client: IoredisClient): Promise<unknown> {
  return await client.run(WRITE, { keys: ["{t}:n"], args: [] }).catch(() => undefined);
}

Deno.test("IoredisClient follows the fail-over with its subscriptions when the master was killed", async () => {
  await using stack = await startSentinels();
  await using client = connect(stack);
  const seen: string[] = [];
  await client.subscribe("{t}:a", (message) => seen.push(message));
  await connected(client);
  assertEquals(await writesTo(client), stack.first.port);
  stack.first.kill();
  await eventually(async () => await writesTo(client) === stack.second.port, { withinMs: 10_000 });
  assertEquals(await redisCommand(stack.second, "PUBLISH {t}:a new"), ":1\r\n");
  await client.ping();
  assertEquals(seen, ["new"]);
});

Deno.test("IoredisClient connects when one Sentinel hangs and one is gone, and leaves no connection", async () => {
  await using stack = await startSentinels();
  const [hung, gone, last] = stack.sentinels;
  if (hung === undefined || gone === undefined || last === undefined) throw new Error("three");
  // The Sentinels among themselves speak RESP2.
  const clients = async (server: RedisServer) =>
    (await redisCommand(server, "CLIENT LIST")).match(/ resp=3/g)?.length ?? 0;
  gone.kill();
  hung.kill("SIGSTOP");
  const client = connect(stack);
  await client.start();
  await eventually(async () => await writesTo(client) === stack.first.port);
  hung.kill("SIGCONT");
  for (const server of [hung, last, stack.first]) {
    await eventually(async () => await clients(server) === 1);
  }
  await client.close();
  for (const server of [hung, last, stack.first]) {
    await eventually(async () => await clients(server) === 0);
  }
  await client.close();
});

Deno.test("IoredisClient logs in at the Sentinels and at the master when they want it", async () => {
  await using stack = await startSentinels();
  await redisCommand(stack.first, "ACL SETUSER game on >secret ~* &* +@all");
  for (const sentinel of stack.sentinels) {
    await redisCommand(sentinel, "ACL SETUSER default resetpass >quiet");
  }
  const account = { username: "game", password: "secret", sentinelPassword: "quiet", database: 3 };
  await using client = connect(stack, account);
  await connected(client);
  assertEquals(await writesTo(client), stack.first.port);
  assertStringIncludes(await redisCommand(stack.first, "INFO keyspace"), "db3:keys=1");
  const clients = await redisCommand(stack.first, "CLIENT LIST");
  assertEquals(clients.match(/ db=3 .* user=game .* resp=3/g)?.length, 1);

  await using stranger = connect(stack, { ...account, sentinelPassword: "wrong" });
  await stranger.start();
  assertEquals(stranger.state, "down");
  await using misplaced = connect(stack, { ...account, database: 99 });
  await misplaced.start();
  assertEquals(misplaced.state, "down");
});

Deno.test("IoredisClient does not go back when a master that hung through a fail-over goes on", async () => {
  await using stack = await startSentinels();
  await using client = connect(stack);
  await connected(client);
  assertEquals(await writesTo(client), stack.first.port);
  stack.first.kill("SIGSTOP");
  await eventually(async () => await writesTo(client) === stack.second.port, { withinMs: 10_000 });
  stack.first.kill("SIGCONT");
  const places = new Set<unknown>();
  await eventually(async () => {
    places.add(await writesTo(client));
    return (await redisCommand(stack.first, "INFO replication")).includes("role:slave");
  }, { withinMs: 30_000 });
  assertEquals([...places], [stack.second.port]);
});

Deno.test("IoredisClient leaves a master that still answers when the Sentinels replaced it", async () => {
  await using stack = await startSentinels();
  await using client = connect(stack);
  await connected(client);
  const { sentinels, master } = stack.target;
  const naive = new Redis({ sentinels: [...sentinels], name: master });
  naive.on("error", () => {});
  try {
    await naive.set("{t}:naive", "1");
    assertEquals(await writesTo(client), stack.first.port);
    // To the Sentinels it is dead now; the connections of others stay, and it takes their writes.
    await redisCommand(stack.first, "ACL SETUSER default -ping");
    await stack.promoted(stack.second);
    await eventually(async () => await writesTo(client) === stack.second.port, { withinMs: 2_000 });
    await naive.set("{t}:naive", "2");
    assertStringIncludes(await redisCommand(stack.first, "GET {t}:naive"), "2");
    assertStringIncludes(await redisCommand(stack.first, "ROLE"), "master");
  } finally {
    naive.disconnect();
  }
});
