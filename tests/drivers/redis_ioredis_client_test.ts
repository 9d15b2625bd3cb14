import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { makeCertificates } from "../../deploy/local/certificates.ts";
import type { RedisServer } from "../../deploy/local/redis_server.ts";
import { RealmgateError } from "../../src/core/errors.ts";
import { redisScript } from "../../src/drivers/redis.ts";
import { eventually } from "../support/eventually.ts";
import { redisCommand } from "../support/redis_command.ts";
import { reasonsLog, withRedis } from "./redis_fixture.ts";

const ECHO = redisScript("return {KEYS[1], ARGV[1]}");

function unavailable(run: () => Promise<unknown>): Promise<RealmgateError> {
  return assertRejects(run, RealmgateError, "Cannot reach Redis");
}

/** How many clients the server has, told by a connection of its own that it does not count. */
async function clientsOf(server: RedisServer): Promise<number> {
  return (await redisCommand(server, "CLIENT LIST")).split("\nid=").length - 2;
}

Deno.test("IoredisClient runs a script when the server does not know it yet, and when it does", () =>
  withRedis(async (_server, connect) => {
    const client = connect();
    assertEquals(client.state, "down");
    await client.start();
    assertEquals(client.state, "up");
    await client.ping();
    for (let turn = 0; turn < 2; turn++) {
      assertEquals(await client.run(ECHO, { keys: ["{t}:k"], args: [7] }), ["{t}:k", "7"]);
    }
  }));

Deno.test("IoredisClient keeps the server's own refusal apart when a script fails", () =>
  withRedis(async (_server, connect) => {
    const client = connect();
    await client.start();
    const script = redisScript("return redis.error_reply('NO sir')");
    const error = await unavailable(() => client.run(script, { keys: ["{t}:k"], args: [] }));
    assertEquals([error.code, error.outcome], ["redis_unavailable", "not_applied"]);
    assertStringIncludes(String(error.cause), "NO sir");
    assertEquals(client.state, "up");
  }));

Deno.test("IoredisClient fails at once and comes back when the server is killed and restarted", () =>
  withRedis(async (server, connect) => {
    const client = connect();
    const states: string[] = [];
    client.onState((state) => states.push(state));
    await client.start();
    server.kill();
    await eventually(() => client.state === "down");
    const error = await unavailable(() => client.ping());
    assertEquals(error.outcome, "not_applied");
    await server.restart();
    await eventually(() => client.state === "up");
    assertEquals(await client.run(ECHO, { keys: ["{t}:k"], args: [1] }), ["{t}:k", "1"]);
    assertEquals(states, ["up", "down", "up"]);
  }));

Deno.test("IoredisClient notices and recovers when the server is stopped without closing", () =>
  withRedis(async (server, connect) => {
    const client = connect();
    await client.start();
    server.kill("SIGSTOP");
    try {
      const error = await unavailable(() => client.run(ECHO, { keys: ["{t}:k"], args: [1] }));
      assertEquals(error.outcome, "unknown");
      await eventually(() => client.state === "down");
      assertEquals((await unavailable(() => client.ping())).outcome, "not_applied");
    } finally {
      server.kill("SIGCONT");
    }
    await eventually(() => client.state === "up");
    await client.ping();
  }));

Deno.test("IoredisClient starts without the server and connects when it appears", () =>
  withRedis(async (server, connect) => {
    await server.stop();
    const client = connect();
    await client.start();
    assertEquals(client.state, "down");
    await server.start();
    await eventually(() => client.state === "up");
  }));

Deno.test("IoredisClient leaves no connection when it is closed, however the server is", () =>
  withRedis(async (server, connect) => {
    const client = connect();
    await client.start();
    assertEquals(await clientsOf(server), 1);
    const ping = client.ping();
    await client.close();
    await ping.catch(() => {});
    await client.close();
    await eventually(async () => await clientsOf(server) === 0);

    const stuck = connect();
    await stuck.start();
    server.kill("SIGSTOP");
    await stuck.close();
    server.kill("SIGCONT");
    await eventually(async () => await clientsOf(server) === 0);

    const never = connect();
    await never.close();
    assert(never.state === "down");

    await server.stop();
    const alone = connect();
    await alone.start();
    await alone.close();
  }));

Deno.test("IoredisClient says why it has no connection when it is refused, not that it was closed", () =>
  withRedis(async (server, connect) => {
    const reason = async (url: string) => {
      const log = reasonsLog();
      await connect({ url, log }).start();
      assertEquals(log.reasons.length, 1);
      return String(log.reasons);
    };
    await redisCommand(server, "ACL SETUSER game on >secret ~* &* +@all");
    const account = (user: string) => server.url.replace("//", `//${user}@`);
    assertMatch(await reason(account("game:wrong")), /^WRONGPASS /);
    await redisCommand(server, "ACL SETUSER default resetpass >secret");
    assertMatch(await reason(server.url), /^NOAUTH /);
    server.kill("SIGSTOP");
    const hung = await reason(account("game:secret")).finally(() => server.kill());
    assertMatch(hung, /^no answer /);
    await eventually(async () => (await reason(server.url)).includes("ECONNREFUSED"));
  }));

Deno.test("IoredisClient does not give an old reason when a connection that was up is closed", () =>
  withRedis(async (server, connect) => {
    await server.stop();
    const log = reasonsLog();
    const client = connect({ log });
    await client.start();
    assertStringIncludes(String(log.reasons), "ECONNREFUSED");
    await server.start();
    await eventually(() => client.state === "up");
    await redisCommand(server, "CLIENT KILL TYPE normal");
    await eventually(() => log.reasons.length === 2);
    assertEquals(log.reasons[1], "the connection was closed");
  }));

Deno.test("IoredisClient says so when it does not trust the server's certificate", () =>
  withRedis(async (_server, connect) => {
    const home = await Deno.makeTempDir({ prefix: "realmgate-test-" });
    await makeCertificates(home);
    const cert = await Deno.readTextFile(`${home}/tls/server.pem`);
    const key = await Deno.readTextFile(`${home}/tls/server.key`);
    const listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
    try {
      const log = reasonsLog();
      const greeted = listener.accept().then((peer) => peer.handshake());
      const url = `rediss://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`;
      await Promise.all([connect({ url, log }).start(), assertRejects(() => greeted)]);
      assertMatch(String(log.reasons), /certificate/i);
    } finally {
      listener.close();
      await Deno.remove(home, { recursive: true });
    }
  }));
