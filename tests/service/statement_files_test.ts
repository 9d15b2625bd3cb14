import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { QueryOptimizer, StatementFaultsError } from "../../src/query/query_optimizer.ts";
import { readStatementFiles } from "../../src/service/statement_files.ts";

/** Runs on a folder that goes with it. */
async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "realmgate-statements-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("readStatementFiles reads a Kubernetes volume once, by its links, and no hidden folder", () =>
  inFolder(async (folder) => {
    for (const hidden of ["..2026_11_27", ".git"]) {
      await Deno.mkdir(`${folder}/${hidden}`);
      await Deno.writeTextFile(`${folder}/${hidden}/a.sql`, hidden);
    }
    await Deno.symlink("..2026_11_27", `${folder}/..data`);
    await Deno.symlink("..data/a.sql", `${folder}/a.sql`);
    await Deno.mkdir(`${folder}/guild`);
    await Deno.writeTextFile(`${folder}/guild/b.sql`, "b");
    assertEquals(await readStatementFiles(folder), [
      { file: "a.sql", text: "..2026_11_27" },
      { file: "guild/b.sql", text: "b" },
    ]);
  }));

Deno.test("readStatementFiles says which files are not UTF-8 and which links lead nowhere", () =>
  inFolder(async (folder) => {
    const latin1 = new TextEncoder().encode("-- name: a.b :one\nSELECT '?';\n");
    latin1[latin1.indexOf(63)] = 0xe9;
    await Deno.writeFile(`${folder}/latin1.sql`, latin1);
    await Deno.writeTextFile(`${folder}/utf8.sql`, "SELECT 'é\uFFFD';");
    await Deno.symlink("nowhere.sql", `${folder}/lost.sql`);
    const [first, lost, good] = await readStatementFiles(folder);
    assertEquals(first, {
      file: "latin1.sql",
      text: "",
      fault: { line: 2, message: "must be UTF-8" },
    });
    assertStringIncludes(lost?.fault?.message ?? "", "a link to nothing");
    assertEquals(good, { file: "utf8.sql", text: "SELECT 'é\uFFFD';" });
    const rules = { shards: ["s1"], caches: [], strict: false, maxTimeoutMs: 1_000 };
    const { faults } = assertThrows(
      () => new QueryOptimizer(rules).load([first, lost, good].flatMap((source) => source ?? [])),
      StatementFaultsError,
    );
    assertEquals(faults.map(({ file, line }) => `${file}:${line}`), [
      "latin1.sql:2",
      "lost.sql:1",
      "utf8.sql:1",
    ]);
  }));

Deno.test("readStatementFiles says which setting names a folder that is not there, or is a file", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    const said = async (path: string) =>
      (await assertRejects(() => readStatementFiles(path))).message;
    const missing = await said(`${folder}/none`);
    assertStringIncludes(missing, `${folder}/none: there is none`);
    assertStringIncludes(missing, "the setting statements");
    assertStringIncludes(await said(`${folder}/file`), "it is no folder");
  }));
