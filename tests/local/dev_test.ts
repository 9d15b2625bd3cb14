import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { initRealm } from "../../deploy/local/init_realm.ts";
import { endLeftovers } from "../../deploy/local/leftovers.ts";
import { ROOT } from "../../deploy/local/service_process.ts";
import { freePort } from "../../deploy/local/ports.ts";
import { DevProcess } from "./dev_process.ts";
import { withHome } from "./homes.ts";

const shell = async (command: string): Promise<string> => {
  const { stdout } = await new Deno.Command("/bin/sh", { args: ["-c", command], cwd: "/" })
    .output();
  return new TextDecoder().decode(stdout);
};

Deno.test("dev serves the example realm and leaves nothing running when it is ended", () =>
  withHome(async (home) => {
    await using dev = new DevProcess({ home, env: { PORT: String(freePort()) } });
    const curl = await dev.line(/^ {2}curl /);
    const answer = JSON.parse(await shell(`${curl} -s`));
    assertEquals([answer.data.id, answer.data.gold], ["42", "1000"]);
    const explain = join(ROOT, "deploy/local/explain.ts");
    const command = `REALMGATE_HOME=${home} '${Deno.execPath()}' run -A ${explain} player.get`;
    assertStringIncludes(await shell(command), "\n  s1, s2  PRIMARY  ");
    const before = await dev.fileWhere(({ servicePid }) => servicePid !== null);
    assertEquals(before.shards.map(({ name, replicas }) => [name, replicas.length]), [
      ["s1", 1],
      ["s2", 1],
    ]);
    Deno.kill(before.servicePid ?? 0, "SIGKILL");
    await dev.fileWhere(({ servicePid }) =>
      servicePid !== null && servicePid !== before.servicePid
    );
    await dev.line(/serving/, { after: dev.lines.length - 1 });
    assertStringIncludes(await shell(`${curl} -s`), '"player-42"');
    const { primary } = before.shards[1] ?? {};
    Deno.kill(primary?.pid ?? 0, "SIGKILL");
    await dev.fileWhere(({ shards }) => shards[1]?.primary.pid === null);
    await shell(primary?.restart ?? "");
    const after = await dev.fileWhere(({ shards }) => shards[1]?.primary.pid !== null);
    assertEquals(after.shards[1]?.primary.port, primary?.port);
    dev.kill("SIGINT");
    assertEquals(await dev.exited, 0);
    assertEquals(await dev.running(), []);
    assertEquals(await Deno.stat(join(home, "dev.json")).catch(() => "gone"), "gone");
  }));

Deno.test("dev refuses a home that another dev uses, and cleans up after a killed one", () =>
  withHome(async (home) => {
    await using dev = new DevProcess({ home });
    await dev.line(/^ {2}curl /);
    await using second = new DevProcess({ home });
    assertEquals(await second.exited, 1);
    assertStringIncludes(second.text, "must be free, received one that process");
    const { servicePid } = await dev.file();
    dev.kill("SIGKILL");
    await dev.exited;
    assert((await dev.running()).length === 6);
    try {
      await using third = new DevProcess({ home });
      await third.line(/^ {2}curl /);
      assert((await third.file()).servicePid !== servicePid);
      assert(!third.text.includes("load 13100 rows"), "it should have found its rows again");
    } finally {
      await endLeftovers(home);
    }
    assertEquals(await dev.running(), []);
  }));

Deno.test("dev fails before it starts anything when PORT is busy", () =>
  withHome(async (home) => {
    using busy = Deno.listen({ hostname: "127.0.0.1", port: freePort() });
    const { port } = busy.addr as Deno.NetAddr;
    await using dev = new DevProcess({ home, env: { PORT: String(port) } });
    assertEquals(await dev.exited, 1);
    assertStringIncludes(dev.text, `must be free, received ${port}`);
    assertEquals(await dev.running(), []);
  }));

Deno.test("dev --init writes a realm that --realm serves and reloads when it is saved", () =>
  withHome(async (home) => {
    const realm = join(home, "my-realm");
    await using init = new DevProcess({ home, args: ["--init", realm] });
    assertEquals(await init.exited, 0, init.text);
    assertStringIncludes(init.text, "task dev --realm");
    await using again = new DevProcess({ home, args: ["--init", realm] });
    assertEquals(await again.exited, 1);
    assertStringIncludes(again.text, "must be empty");
    const data = join(home, "data");
    await using dev = new DevProcess({ home: data, args: ["--realm", realm] });
    const curl = await dev.line(/^ {2}curl /);
    assertEquals(JSON.parse(await shell(`${curl} -s`)).data.name, "Aria");
    const statements = join(realm, "statements", "hero.sql");
    const text = await Deno.readTextFile(statements);
    const seen = dev.lines.length;
    await Deno.writeTextFile(statements, text.replace("WHERE id = :heroId;", "WHERE id = :nmae;"));
    await dev.line(/^✗ hero\.sql:\d+ .*nmae/, { after: seen });
    assertStringIncludes(await shell(`${curl} -s`), "Aria");
    await Deno.writeTextFile(statements, text.replaceAll("hero.get", "hero.find"));
    await dev.line(/^✓ hero\.find {2}shard :heroId {2}\S+ {2}\d+ ms$/, { after: seen });
    assertStringIncludes(await shell(`${curl.replace("hero.get", "hero.find")} -s`), "Aria");
    // As Kubernetes replaces a volume's files: beside the old ones, and then a link to them.
    const folder = join(realm, "statements");
    const volume = join(realm, "volume");
    await Deno.mkdir(volume);
    await Deno.writeTextFile(join(volume, "hero.sql"), text.replaceAll("hero.get", "hero.see"));
    await Deno.symlink("..data/hero.sql", join(home, "link"));
    await Deno.symlink(volume, join(home, "data_link"));
    await Deno.rename(join(home, "link"), statements);
    await dev.line(/^✗ hero\.sql:1 /, { after: seen });
    await Deno.rename(join(home, "data_link"), join(folder, "..data"));
    await dev.line(/^✓ hero\.see /, { after: seen });
    const find = (name: string) =>
      `-- name: ${name} :one\n-- @shard :heroId\n-- @param heroId bigint example=1\n` +
      "SELECT id FROM heroes WHERE id = :heroId;\n";
    // A whole folder comes, of whose files nothing is told.
    const more = join(home, "more");
    await Deno.mkdir(more);
    await Deno.writeTextFile(join(more, "m.sql"), find("hero.more"));
    await Deno.rename(more, join(folder, "more"));
    await dev.line(/^✓ hero\.more /, { after: seen });
  }));

Deno.test("dev ends what it started when the service was restarted by a saved file", () =>
  withHome(async (home) => {
    const realm = join(home, "my-realm");
    await initRealm(realm);
    const data = join(home, "data");
    await using dev = new DevProcess({ home: data, args: ["--realm", realm] });
    await dev.line(/^ {2}curl /);
    for (let save = 1; save <= 3; save++) {
      const after = dev.lines.length;
      await Deno.writeTextFile(join(realm, "realmgate.yaml"), "\n", { append: true });
      await dev.line(/serving/, { after });
    }
    dev.kill("SIGTERM");
    assertEquals(await dev.exited, 0);
    assertEquals(await dev.running(), []);
  }));

Deno.test("dev serves the user's own configuration when REALMGATE_CONFIG names one", () =>
  withHome(async (home) => {
    await using dev = new DevProcess({ home: join(home, "servers") });
    await dev.line(/^ {2}curl /);
    const { url, shards, redis } = await dev.file();
    const record = JSON.parse(await Deno.readTextFile(join(home, "servers", "stack.json")));
    const nodes = shards.flatMap(({ primary, replicas }) => [primary, ...replicas]);
    const names = ["S1A", "S1B", "S2A", "S2B"];
    await using own = new DevProcess({
      home: join(home, "own"),
      env: {
        REALMGATE_CONFIG: join(ROOT, "deploy/example/realmgate.yaml"),
        ...Object.fromEntries(
          names.map((name, at) => [`REALMGATE_${name}`, `127.0.0.1:${nodes[at]?.port}`]),
        ),
        REALMGATE_DB_PASSWORD: record.passwords.service,
        REALMGATE_REDIS_URL: `redis://127.0.0.1:${redis.port}`,
        REALMGATE_API_KEY_SHA256: "0".repeat(64),
      },
    });
    assertStringIncludes(await own.line(/^ {2}curl /), "$REALMGATE_API_KEY");
    const file = await own.file();
    assert(file.url !== url);
    assertEquals(
      (await fetch(`${file.url}/readyz`).then((r) => r.json())).status !== undefined,
      true,
    );
    own.kill("SIGTERM");
    assertEquals(await own.exited, 0);
    assertEquals(await own.running(), []);
  }));
