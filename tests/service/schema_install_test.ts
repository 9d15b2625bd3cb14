import { assert, assertEquals } from "@std/assert";
import { startStack } from "../../deploy/local/stack.ts";
import { install } from "../routing/probed_stack.ts";

const TASK = new URL("../../src/service/schema_install_task.ts", import.meta.url).pathname;

Deno.test("installSchema makes the tables once and schema:install finds the writable node", async () => {
  const home = await Deno.makeTempDir({ prefix: "realmgate-test-" });
  try {
    await using stack = await startStack({ home, shards: 1 });
    const [shard] = stack.shards;
    const [primary, replica] = [shard?.primary, shard?.replicas[0]];
    assert(primary !== undefined && replica !== undefined);
    assertEquals(await install(primary), { from: 0, to: 4 });
    assertEquals(await install(primary), { from: 4, to: 4 });
    assertEquals((await primary.sql("SELECT * FROM realmgate_heartbeat")).length, 1);
    await primary.sql("DROP TABLE realmgate_schema");

    const file = `${home}/realmgate.yaml`;
    const nodes = [replica, primary].map(({ name, host, port }) =>
      `{name: ${name}, address: "${host}:${port}"}`
    );
    await Deno.writeTextFile(
      file,
      `shards: [{name: s1, nodes: [${nodes}]}]
database: {user: nobody, password: "", name: ${stack.database}}
redis: {url: "${stack.redis.url}"}
apiKeys: [{name: k, sha256: "${"0".repeat(64)}", scopes: [read]}]
`,
    );
    const run = async () => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--allow-net", "--allow-env", "--allow-read", "--no-check", TASK],
        env: {
          REALMGATE_CONFIG: file,
          REALMGATE_ADMIN_USER: primary.user,
          REALMGATE_ADMIN_PASSWORD: primary.password,
        },
      }).output();
      const decoder = new TextDecoder();
      return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
    };
    assertEquals(await run(), { code: 0, text: "s1  s1a  version 0 -> 4\n" });
    assertEquals(await run(), { code: 0, text: "s1  s1a  is at version 4\n" });

    await primary.sql("SET GLOBAL read_only = 1");
    const refused = await run();
    assertEquals(refused.code, 1);
    assert(refused.text.includes("must have one writable node, received none"), refused.text);
    assert(!refused.text.includes(primary.password));
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});
