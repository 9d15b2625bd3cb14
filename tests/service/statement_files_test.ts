import { assertEquals } from "@std/assert";
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
