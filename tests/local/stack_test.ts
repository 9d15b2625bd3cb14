import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { MariadbServer } from "../../deploy/local/mariadb_server.ts";
import { rememberedPid } from "../../deploy/local/process.ts";
import { startStack } from "../../deploy/local/stack.ts";
import { waitUntil } from "../../deploy/local/wait.ts";
import { withHome } from "./homes.ts";

const TABLE = "CREATE TABLE IF NOT EXISTS t (id INT PRIMARY KEY)";

async function ids(server: MariadbServer): Promise<number[]> {
  return (await server.sql("SELECT id FROM t ORDER BY id")).map(({ id }) => Number(id));
}

async function readOnly(server: MariadbServer): Promise<number> {
  return Number((await server.sql("SELECT @@read_only AS it"))[0]?.["it"]);
}

function gone(server: { readonly pid: number | undefined }): Promise<boolean> {
  return waitUntil(() => server.pid === undefined, { what: "see it gone", timeoutMs: 5_000 });
}

function holds(server: MariadbServer, expected: readonly number[]): Promise<boolean> {
  return waitUntil(
    async () => JSON.stringify(await ids(server).catch(() => [])) === JSON.stringify(expected),
    { what: `find ${expected} in ${server.name}`, timeoutMs: 10_000 },
  );
}

Deno.test("startStack replicates semi-synchronously when it has one replica per shard", () =>
  withHome(async (home) => {
    await using stack = await startStack({ home, shards: 1 });
    const [shard] = stack.shards;
    assert(shard !== undefined);
    const [replica] = shard.replicas;
    assert(replica !== undefined);
    await shard.primary.sql(`${TABLE}; INSERT INTO t VALUES (1)`);
    await holds(replica, [1]);
    const status = await shard.primary.sql("SHOW STATUS LIKE 'Rpl_semi_sync_master_%'");
    const value = (name: string) => status.find((row) => row["Variable_name"] === name)?.["Value"];
    assertEquals(value("Rpl_semi_sync_master_status"), "ON");
    assertEquals(value("Rpl_semi_sync_master_clients"), "1");
    assertEquals(value("Rpl_semi_sync_master_no_tx"), "0");
    assertEquals([await readOnly(shard.primary), await readOnly(replica)], [0, 1]);
  }));

Deno.test("startStack gives the service an account without power over read_only", () =>
  withHome(async (home) => {
    await using stack = await startStack({ home, shards: 1, replicas: 0 });
    const grants = await stack.shards[0]?.primary.sql("SHOW GRANTS FOR realmgate@'%'") ?? [];
    const text = grants.map((row) => Object.values(row).join()).join("\n");
    assertMatch(text, /GRANT SLAVE MONITOR ON \*\.\*/);
    assertMatch(text, /GRANT SELECT, INSERT, UPDATE, DELETE, EXECUTE ON `game`\.\*/);
    assert(!/SUPER|ADMIN|ALL PRIVILEGES/.test(text), text);
  }));

Deno.test("MariadbServer becomes writable again when its shard has no writable node", () =>
  withHome(async (home) => {
    await using stack = await startStack({ home, shards: 1 });
    const [shard] = stack.shards;
    const replica = shard?.replicas[0];
    assert(shard !== undefined && replica !== undefined);
    await shard.primary.sql(`${TABLE}; INSERT INTO t VALUES (1)`);
    const before = shard.primary.pid;
    shard.primary.kill();
    await gone(shard.primary);
    await shard.primary.restart();
    assert(shard.primary.pid !== before);
    await shard.primary.sql("INSERT INTO t VALUES (2)");
    await holds(replica, [1, 2]);
    assertEquals([await readOnly(shard.primary), await readOnly(replica)], [0, 1]);
  }));

Deno.test("MariadbServer rejoins as a replica when another node was made writable meanwhile", () =>
  withHome(async (home) => {
    await using stack = await startStack({ home, shards: 1 });
    const [shard] = stack.shards;
    const replica = shard?.replicas[0];
    assert(shard !== undefined && replica !== undefined);
    await shard.primary.sql(`${TABLE}; INSERT INTO t VALUES (1)`);
    await holds(replica, [1]);
    await replica.sql("STOP SLAVE");
    await shard.primary.sql("INSERT INTO t VALUES (2)"); // never reaches the replica
    shard.primary.kill();
    await gone(shard.primary);
    await replica.sql("RESET SLAVE ALL; SET GLOBAL read_only = 0; INSERT INTO t VALUES (3)");
    await shard.primary.restart();
    assertEquals(await ids(shard.primary), [1, 3]);
    assertEquals([await readOnly(shard.primary), await readOnly(replica)], [1, 0]);
    await replica.sql("INSERT INTO t VALUES (4)");
    await holds(shard.primary, [1, 3, 4]);
  }));

Deno.test("MariadbServer applies what it had received when it alone comes back", () =>
  withHome(async (home) => {
    await using stack = await startStack({ home, shards: 1 });
    const [shard] = stack.shards;
    const replica = shard?.replicas[0];
    assert(shard !== undefined && replica !== undefined);
    await shard.primary.sql(`${TABLE}; INSERT INTO t VALUES (1)`);
    await holds(replica, [1]);
    await replica.sql("STOP SLAVE SQL_THREAD");
    await shard.primary.sql("INSERT INTO t VALUES (2); INSERT INTO t VALUES (3)"); // acknowledged
    shard.primary.kill();
    replica.kill();
    await Promise.all([gone(shard.primary), gone(replica)]);
    await replica.restart();
    assertEquals(await ids(replica), [1, 2, 3]);
    assertEquals(await readOnly(replica), 0);
    await shard.primary.restart();
    assertEquals(await readOnly(shard.primary), 1);
    assertEquals(await ids(shard.primary), [1, 2, 3]);
  }));

Deno.test("startStack finds its data and ends leftovers when an earlier run was killed", () =>
  withHome(async (home) => {
    const module = new URL("../../deploy/local/stack.ts", import.meta.url).href;
    const program = `
      const { startStack } = await import(${JSON.stringify(module)});
      const { shards: [shard] } = await startStack({ home: ${JSON.stringify(home)}, shards: 1 });
      const [replica] = shard.replicas;
      await shard.primary.sql("${TABLE}; INSERT INTO t VALUES (1)");
      const received = () => replica.sql("SELECT id FROM t").catch(() => []);
      while ((await received()).length === 0);
      shard.primary.kill();
      while (shard.primary.pid !== undefined);
      await replica.sql("STOP SLAVE; RESET SLAVE ALL; SET GLOBAL read_only = 0");
      await replica.sql("INSERT INTO t VALUES (2)");
      await shard.primary.restart(); // now a replica, and the home knows
      console.log(replica.pid);
      Deno.kill(Deno.pid, "SIGKILL");`;
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", program],
      cwd: new URL("../..", import.meta.url),
    }).output();
    const leftover = Number(new TextDecoder().decode(stdout));
    assert(leftover > 1);
    await using stack = await startStack({ home, shards: 1 });
    const [shard] = stack.shards;
    assert(shard !== undefined);
    assertEquals(shard.primary.name, "s1b");
    assert(shard.primary.pid !== leftover);
    assertEquals(await ids(shard.primary), [1, 2]);
    await holds(shard.replicas[0] ?? shard.primary, [1, 2]);
  }));

Deno.test("startStack refuses a home that is in use, and starts afresh when asked to", () =>
  withHome(async (home) => {
    {
      await using stack = await startStack({ home, shards: 1, replicas: 0 });
      await stack.shards[0]?.primary.sql(TABLE);
      await assertRejects(
        () => startStack({ home, shards: 1, replicas: 0 }),
        Error,
        `received one that process ${Deno.pid} uses`,
      );
    }
    await using fresh = await startStack({ home, shards: 1, replicas: 0, fresh: true });
    assertEquals(await fresh.shards[0]?.primary.sql("SHOW TABLES"), []);
  }));

Deno.test("startStack removes nothing when it starts afresh in a folder with other things", () =>
  withHome(async (home) => {
    await Deno.writeTextFile(`${home}/novel.txt`, "Chapter one");
    await Deno.writeTextFile(`${home}/api_key`, "key");
    await assertRejects(() => startStack({ home, fresh: true }), Error, "holds novel.txt");
    assertEquals(await Deno.readTextFile(`${home}/api_key`), "key");
  }));

Deno.test("restartCommand brings a killed server back when run from another folder", () =>
  withHome(async (home) => {
    await using stack = await startStack({ home, shards: 1, replicas: 0 });
    const primary = stack.shards[0]?.primary;
    assert(primary !== undefined);
    for (const server of [primary, stack.redis]) {
      const before = server.pid;
      server.kill();
      await gone(server);
      const { code, stderr } = await new Deno.Command("/bin/sh", {
        args: ["-c", server.restartCommand],
        cwd: "/",
      }).output();
      assertEquals(code, 0, new TextDecoder().decode(stderr));
      assert(server.pid !== undefined && server.pid !== before);
    }
    assertEquals(await readOnly(primary), 0);
  }));

Deno.test("Stack leaves nothing running when two of them ran side by side", () =>
  withHome(async (home) => {
    const stacks = await Promise.all(
      ["one", "two"].map((name) => startStack({ home: `${home}/${name}` })),
    );
    const servers = stacks.flatMap((stack) => [
      stack.redis,
      ...stack.shards.flatMap(({ primary, replicas }) => [primary, ...replicas]),
    ]);
    const ports = servers.map(({ port }) => port);
    assertEquals(new Set(ports).size, 10);
    const pids = servers.map(({ pid }) => pid);
    assert(pids.every((pid) => pid !== undefined));
    await Promise.all(stacks.map((stack) => stack.stop()));
    assertEquals(servers.map(({ pid }) => pid).filter((pid) => pid !== undefined), []);
    await Promise.all(stacks.map((stack) => stack.stop()));
  }));

Deno.test("startStack works when the home's path has spaces and is too long for a unix socket", () =>
  withHome(async (home) => {
    const long = `${home}/${"long ".repeat(24)}home`;
    await using stack = await startStack({ home: long, shards: 1, replicas: 0, tls: true });
    const primary = stack.shards[0]?.primary;
    assert(primary !== undefined);
    assert(primary.socket.length < 108);
    assertEquals((await primary.sql("SELECT @@have_ssl AS it"))[0]?.["it"], "YES");
  }));

Deno.test("rememberedPid forgets a process when its id has another owner", async () => {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, `${Deno.pid} 1\n`);
  assertEquals(rememberedPid(file), undefined);
  await Deno.remove(file);
});
