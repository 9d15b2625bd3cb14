import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { ShardManager } from "../../src/routing/shard_manager.ts";
import { curlLine } from "../../deploy/local/curl_line.ts";
import { migrate } from "../../deploy/local/migrations.ts";
import { prettyLine } from "../../deploy/local/pretty_log.ts";
import { freePort } from "../../deploy/local/ports.ts";
import { findPrograms } from "../../deploy/local/programs.ts";
import { startRealm } from "../../deploy/local/realm.ts";
import { choosePort } from "../../deploy/local/serving_port.ts";
import { startStack } from "../../deploy/local/stack.ts";
import { withHome } from "./homes.ts";

Deno.test("startRealm puts every player on the shard that the ShardManager names", () =>
  withHome(async (home) => {
    await using realm = await startRealm({ home });
    const manager = new ShardManager({ shards: ["s1", "s2"], sharding: { strategy: "modulo" } });
    let total = 0;
    for (const { name, primary, replicas } of realm.stack.shards) {
      const ids = await primary.sql("SELECT id FROM players WHERE gold = 1000 ORDER BY id");
      assert(ids.length >= 4_500 && ids.length <= 5_500, `${name} holds ${ids.length}`);
      assertEquals(ids.filter(({ id }) => manager.shardForKey(String(id)) !== name), []);
      assertEquals(await replicas[0]?.sql("SELECT id FROM players ORDER BY id"), ids);
      assertEquals((await primary.sql("SELECT id FROM guilds")).length, 50);
      total += ids.length;
    }
    assertEquals(total, 10_000);
  }));

Deno.test("migrate applies each file once and refuses one that was changed", () =>
  withHome(async (home) => {
    await using stack = await startStack({ home: join(home, "data"), shards: 1, replicas: 0 });
    const primary = stack.shards[0]?.primary;
    assert(primary !== undefined);
    const folder = join(home, "migrations");
    await Deno.mkdir(folder);
    const first = join(folder, "001_first.sql");
    await Deno.writeTextFile(first, "CREATE TABLE a (id INT); CREATE TABLE b (id INT);");
    const run = () => migrate({ folder, shard: "s1", sql: (text) => primary.sql(text) });
    assertEquals(await run(), ["001_first.sql"]);
    await Deno.writeTextFile(join(folder, "002_second.sql"), "INSERT INTO a VALUES (1)");
    assertEquals(await run(), ["002_second.sql"]);
    assertEquals(await run(), []);
    assertEquals((await primary.sql("SELECT * FROM a")).length, 1);
    await Deno.writeTextFile(join(folder, "003_bad.sql"), "CREATE TABLE a (id INT)");
    const failure = await assertRejects(run, Error, "003_bad.sql must run");
    assertStringIncludes(failure.message, "already exists");
    await Deno.writeTextFile(first, "CREATE TABLE c (id INT)");
    await assertRejects(run, Error, "must stay as it was when it was applied");
  }));

Deno.test("choosePort takes a near port with a notice when the usual one is busy", () => {
  using busy = Deno.listen({ hostname: "127.0.0.1", port: freePort() });
  const { port } = busy.addr as Deno.NetAddr;
  const notices: string[] = [];
  const notice = (text: string) => notices.push(text);
  const chosen = choosePort({ asked: "", usual: port, notice });
  assert(chosen > port && chosen <= port + 100);
  assertStringIncludes(notices[0] ?? "", `Port ${port} is in use`);
});

Deno.test("findPrograms says how to install what is missing when it may not do so itself", async () => {
  const error = await assertRejects(() => findPrograms({ folders: ["/nowhere"] }));
  for (const part of ["mariadbd", "apt-get install", "brew install", "docker run"]) {
    assertStringIncludes((error as Error).message, part);
  }
});

Deno.test({
  name: "findPrograms installs what is missing when root has apt-get",
  ignore: Deno.uid() !== 0,
  fn: () =>
    withHome(async (folder) => {
      const real = await findPrograms();
      const aptGet = join(folder, "apt-get");
      const links = [...Object.values(real), "/usr/bin/my_print_defaults"]
        .map((path) => `ln -s ${path} ${folder}/`);
      await Deno.writeTextFile(
        aptGet,
        `#!/bin/sh\necho "$DEBIAN_FRONTEND $@" >> ${folder}/calls\n` +
          `[ "$1" = update ] || { ${links.join("; ")}; }\n`,
        { mode: 0o755 },
      );
      const notices: string[] = [];
      const found = await findPrograms({
        folders: [folder],
        notice: (text) => notices.push(text),
      });
      assert(Object.values(found).every((path) => path.startsWith(folder)));
      assertStringIncludes(notices[0] ?? "", "mariadb-server-core");
      const calls = (await Deno.readTextFile(join(folder, "calls"))).trim().split("\n");
      assertEquals(calls[0], "noninteractive update");
      assertStringIncludes(calls[1] ?? "", "--no-install-recommends");
    }),
});

Deno.test("curlLine prefers a row by its key and leaves out what has no example", () => {
  const text = [
    "-- name: a.list :many\n-- @shard any\nSELECT 1;",
    "-- name: b.get :one\n-- @shard :id\n-- @param id bigint\nSELECT 1;",
    "-- name: c.get :one\n-- @shard :id\n-- @param id bigint example=7\nSELECT 1;",
  ].join("\n");
  const options = { url: "http://h", apiKey: "k" };
  assertEquals(
    curlLine({ ...options, sources: [{ file: "a.sql", text }] }),
    `curl -H "Authorization: Bearer k" 'http://h/v1/query/c.get?id=7'`,
  );
  assertEquals(curlLine({ ...options, sources: [] }), undefined);
});

Deno.test("prettyLine shows a refused statement with its place, and other lines with their fields", () => {
  const line = (message: string, args: Record<string, unknown>) =>
    prettyLine(JSON.stringify({ level: "WARN", datetime: 0, message, args }), { color: false });
  assertEquals(
    line("statement refused", { file: "player.sql", line: 12, detail: ":nmae not declared" }),
    "✗ player.sql:12  :nmae not declared",
  );
  assertStringIncludes(line("node is out", { isolate: "isolate-1", node: "s1a" }), "node=s1a");
  assertEquals(prettyLine("plain text", { color: false }), "plain text");
});
