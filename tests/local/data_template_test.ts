import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { dataTemplate, exists } from "../../deploy/local/data_template.ts";
import { findPrograms } from "../../deploy/local/programs.ts";
import { startStack } from "../../deploy/local/stack.ts";
import { withHome } from "./homes.ts";

Deno.test("dataTemplate is made once when many ask at the same time", () =>
  withHome(async (home) => {
    const programs = await findPrograms();
    const caches = join(home, "caches");
    const asked = [1, 2, 3].map((n) => dataTemplate(programs, join(home, `own${n}`), caches));
    const folders = new Set(await Promise.all(asked));
    assertEquals(folders.size, 1);
    const kept = await Array.fromAsync(Deno.readDir(join(caches, "realmgate")));
    assertEquals(kept.length, 1);
    assert(!await exists(join(home, "own1")));
  }));

Deno.test("dataTemplate is the home's own when the user's cache cannot be written to", () =>
  withHome(async (home) => {
    const file = join(home, "file");
    await Deno.writeTextFile(file, "");
    const own = join(home, "own");
    assertEquals(await dataTemplate(await findPrograms(), own, file), own);
    assert(await exists(join(own, "mysql")));
  }));

Deno.test("startStack gives each home passwords of its own, and no server another account", () =>
  withHome((home) =>
    withHome(async (other) => {
      const [one, two] = await Promise.all(
        [home, other].map((home) => startStack({ home, shards: 1, replicas: 0 })),
      );
      assert(one !== undefined && two !== undefined);
      await using _one = one;
      await using _two = two;
      const [a, b] = [one, two].map(({ shards }) => shards[0]?.primary);
      assert(a !== undefined && b !== undefined && a.password !== b.password);
      const users = await a.sql(
        "SELECT user FROM mysql.user WHERE user <> 'mariadb.sys' ORDER BY 1",
      );
      assertEquals(
        users.map((row) => row["user"] ?? row["User"]),
        ["realmgate", "realmgate_admin", "realmgate_replication"],
      );
    })
  ));
