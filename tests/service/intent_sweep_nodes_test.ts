import { assert, assertEquals } from "@std/assert";
import { TestServer } from "../pool/fixture.ts";
import { TcpProxy } from "../pool/tcp_proxy.ts";
import { install } from "../routing/probed_stack.ts";
import { eventually } from "../support/eventually.ts";
import { SweepSetting } from "./sweep_setting.ts";

const server = TestServer.forThisFile();
Deno.test.beforeAll(async () => void await install(server.node));

async function isListed(connection: number): Promise<boolean> {
  const list = `SELECT 1 FROM information_schema.processlist WHERE id = ${connection}`;
  return await server.value(list) !== undefined;
}

Deno.test("IntentSweep keeps an intent open when its node is the primary and does not answer", async () => {
  await using setting = await SweepSetting.open(server);
  const sweep = setting.intents();
  await setting.intend({ id: "unknown", node: "old", connection: 5 });
  for (const primary of ["old", "old", null]) {
    setting.primary = primary;
    await sweep.sweep();
    assertEquals([await setting.unsettled(), setting.ends], [["unknown"], []]);
  }
  const [line = "", ...more] = setting.lines;
  assert(line.startsWith("writes not settled: SqlError"), line);
  assertEquals(more, []);
  // Another one was promoted: what the old one may still commit does not reach it.
  [setting.primary, setting.epoch] = ["n", "8"];
  await sweep.sweep();
  const position = await setting.position();
  assertEquals(setting.ends, [
    { kind: "done", id: "unknown", tags: ["tag:unknown"], shard: "s1", epoch: "8", position },
  ]);
});

Deno.test("IntentSweep keeps an intent open when the primary did not answer at first", async () => {
  await using setting = await SweepSetting.open(server);
  const writer = await setting.session();
  let asked = 0;
  const sweep = setting.intents({
    targetOf: () => asked++ === 0 ? { ...server.target, port: 1 } : server.target,
  });
  await setting.intend({ id: "missed", connection: writer.threadId });
  await sweep.sweep();
  assertEquals([asked, setting.ends], [1, []]);
  await sweep.sweep();
  assertEquals([await setting.unsettled(), await isListed(writer.threadId)], [[], false]);
});

Deno.test("IntentSweep keeps an intent open when there is no primary to ask for its position", async () => {
  await using setting = await SweepSetting.open(server);
  const writer = await setting.session();
  const sweep = setting.intents();
  await setting.intend({ id: "former", node: "alias", connection: writer.threadId });
  setting.primary = null;
  await sweep.sweep();
  assert(!await isListed(writer.threadId));
  assertEquals([setting.ends, setting.lines], [
    [],
    ["writes not settled: the primary is not known"],
  ]);
  setting.primary = "n";
  await server.node.sql("SET GLOBAL read_only = 1");
  await sweep.sweep();
  await server.node.sql("SET GLOBAL read_only = 0");
  assertEquals(setting.ends, [], "what is known of the primary was behind");
  await sweep.sweep();
  assertEquals(setting.ends.length, 1);
});

Deno.test("IntentSweep leaves an intent to others for a minute when its node or shard is unknown", async () => {
  await using setting = await SweepSetting.open(server);
  const sweep = setting.intents();
  await setting.intend({ id: "node", node: "elsewhere", connection: 5 });
  await setting.intend({ id: "shard", shard: "s9", connection: 5 });
  await sweep.sweep();
  setting.ahead = 59_000;
  await sweep.sweep();
  assertEquals(setting.ends, []);
  setting.ahead = 61_000;
  await sweep.sweep();
  const ends = setting.ends.map((end) => end.kind === "dropped" ? "" : `${end.kind} ${end.id}`);
  assertEquals(ends.sort(), ["aborted shard", "done node"]);
});

Deno.test("IntentSweep names no session when a proxy stands between", async () => {
  await using setting = await SweepSetting.open(server);
  const sweep = setting.intents({ proxied: true });
  const innocent = await setting.session();
  await setting.intend({ id: "proxied", connection: innocent.threadId });
  await sweep.sweep();
  assertEquals(setting.ends, []);
  setting.ahead = 61_000;
  await sweep.sweep();
  assertEquals(setting.ends.length, 1);
  assert(await isListed(innocent.threadId));
});

Deno.test("IntentSweep settles other shards when a server hangs", async () => {
  await using setting = await SweepSetting.open(server);
  using proxy = new TcpProxy(server.node.port);
  proxy.holdNewConnections();
  const [s1] = setting.shards;
  assert(s1 !== undefined);
  const nodes = s1.nodes.slice(0, 1).map((node) => ({ ...node, name: "h", port: proxy.port }));
  const hanging = { ...s1, name: "s2", nodes };
  const sweep = setting.intents({
    shards: [hanging, s1],
    targetOf: ({ port }) => ({ ...server.target, port }),
  });
  await setting.intend({ id: "hangs", shard: "s2", node: "h", connection: 5 });
  await setting.intend({ id: "goes on", connection: 5_000 });
  void sweep.sweep();
  await eventually(async () => `${await setting.unsettled()}` === "hangs");
  await setting.intend({ id: "goes on again", connection: 5_000 });
  void sweep.sweep();
  await eventually(async () => `${await setting.unsettled()}` === "hangs");
});
