import { assert, assertEquals, assertRejects } from "@std/assert";
import type { RedisServer } from "../../deploy/local/redis_server.ts";
import { RealmgateError } from "../../src/core/errors.ts";
import { type RedisClient, redisScript } from "../../src/drivers/redis.ts";
import { eventually } from "../support/eventually.ts";
import { redisCommand } from "../support/redis_command.ts";
import { withRedis } from "./redis_fixture.ts";

const PUBLISH = redisScript("return redis.call('publish', ARGV[1], ARGV[2])");

/** Publishes, and returns how many connections the server handed the message to. */
function publish(client: RedisClient, channel: string, message: string): Promise<unknown> {
  return client.run(PUBLISH, { keys: ["{t}:k"], args: [channel, message] });
}

/** Publishes from a connection of its own. */
async function publishApart(server: RedisServer, channel: string, message: string) {
  return await redisCommand(server, `PUBLISH ${channel} ${message}`);
}

Deno.test("IoredisClient receives what is published when it subscribed before or after it started", () =>
  withRedis(async (server, connect) => {
    const client = connect();
    const seen: string[] = [];
    await client.subscribe("{t}:early", (message) => seen.push(`early ${message}`));
    await client.start();
    await client.subscribe("{t}:late", (message) => seen.push(`late ${message}`));
    await client.subscribe("{t}:late", (message) => seen.push(`twin ${message}`));
    assertEquals(await publishApart(server, "{t}:early", "é-1"), ":1\r\n");
    assertEquals(await publishApart(server, "{t}:late", "2"), ":1\r\n");
    assertEquals(await publishApart(server, "{t}:other", "3"), ":0\r\n");
    await client.ping();
    assertEquals(seen, ["early é-1", "late 2", "twin 2"]);
  }));

Deno.test("IoredisClient takes commands and pushes on one connection when it is subscribed", () =>
  withRedis(async (server, connect) => {
    const [client, other] = [connect(), connect()];
    await Promise.all([client.start(), other.start()]);
    const seen: string[] = [];
    await client.subscribe("{t}:news", (message) => seen.push(message));
    const rounds = Array.from({ length: 200 }, (_, round) => round);
    for (const round of rounds) {
      const [receivers] = await Promise.all([
        publish(other, "{t}:news", `${round}`),
        client.ping(),
        client.run(PUBLISH, { keys: ["{t}:k"], args: ["{t}:none", "message"] }),
      ]);
      assertEquals(receivers, 1);
      // The barrier: what was published before this command was run comes before its reply.
      await client.ping();
      assertEquals(seen.length, round + 1);
    }
    assertEquals(seen, rounds.map(String));
    assertEquals((await redisCommand(server, "CLIENT LIST")).match(/sub=1 /g)?.length, 1);
    assertEquals((await redisCommand(server, "CLIENT LIST")).split("\nid=").length, 4);
  }));

Deno.test("IoredisClient is subscribed again before it is up when the server was restarted", () =>
  withRedis(async (server, connect) => {
    const client = connect();
    const seen: string[] = [];
    const receivers: Promise<string>[] = [];
    client.onState((state) => {
      if (state === "up") receivers.push(publishApart(server, "{t}:a", `${receivers.length}`));
    });
    await client.subscribe("{t}:a", (message) => seen.push(message));
    await client.subscribe("{t}:b", (message) => seen.push(message));
    await client.start();
    for (let round = 1; round <= 3; round++) {
      await Promise.all(receivers);
      // What a server sent just before it was killed may be lost with its connection.
      await eventually(() => seen.length === round);
      server.kill();
      await eventually(() => client.state === "down");
      await server.restart();
      await eventually(() => client.state === "up");
    }
    assertEquals(await Promise.all(receivers), [":1\r\n", ":1\r\n", ":1\r\n", ":1\r\n"]);
    await publishApart(server, "{t}:b", "last");
    await client.ping();
    assertEquals(seen, ["0", "1", "2", "3", "last"]);
  }));

Deno.test("IoredisClient delivers each message once when its connection was killed again and again", () =>
  withRedis(async (server, connect) => {
    const client = connect();
    const states: string[] = [];
    const seen: string[] = [];
    client.onState((state) => states.push(state));
    client.onState((state) => states.push(state));
    await client.start();
    await client.subscribe("{t}:a", (message) => seen.push(message));
    // A connection with subscriptions counts as "pubsub" only.
    assertEquals(await redisCommand(server, "CLIENT KILL TYPE normal"), ":0\r\n");
    for (let round = 1; round <= 4; round++) {
      assertEquals(await redisCommand(server, "CLIENT KILL TYPE pubsub"), ":1\r\n");
      await eventually(() => states.length === 2 + 4 * round);
      assertEquals(await publishApart(server, "{t}:a", `${round}`), ":1\r\n");
      await client.ping();
    }
    assertEquals(seen, ["1", "2", "3", "4"]);
    const once = ["up", ...Array.from({ length: 4 }, () => ["down", "up"]).flat()];
    assertEquals(states, once.flatMap((state) => [state, state]));
  }));

Deno.test("IoredisClient subscribes with the next connection when the server hangs meanwhile", () =>
  withRedis(async (server, connect) => {
    const client = connect();
    const seen: string[] = [];
    await client.start();
    server.kill("SIGSTOP");
    try {
      await client.subscribe("{t}:a", (message) => seen.push(message));
      assertEquals(client.state, "down");
      await client.subscribe("{t}:b", (message) => seen.push(message));
    } finally {
      server.kill("SIGCONT");
    }
    await eventually(() => client.state === "up");
    await publishApart(server, "{t}:a", "1");
    await publishApart(server, "{t}:b", "2");
    await client.ping();
    assertEquals(seen, ["1", "2"]);
  }));

Deno.test("IoredisClient says so and keeps nothing when the server refuses a subscription", () =>
  withRedis(async (server, connect) => {
    const client = connect();
    await client.start();
    await redisCommand(server, "ACL SETUSER default resetchannels &{t}:*");
    const error = await assertRejects(() => client.subscribe("other", () => {}), RealmgateError);
    assertEquals([error.code, error.outcome], ["redis_unavailable", "not_applied"]);
    await client.subscribe("{t}:a", () => {});
    const states: string[] = [];
    client.onState((state) => states.push(state));
    await redisCommand(server, "CLIENT KILL TYPE pubsub");
    await eventually(() => states.at(-1) === "up");
    assert((await redisCommand(server, "PUBSUB CHANNELS")).includes("{t}:a"));
  }));
