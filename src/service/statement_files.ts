import { join } from "node:path";
import type { StatementSource } from "../query/statement.ts";

/**
 * Reads every `.sql` file under a folder, in the order of their paths, which are shown relative
 * to it. Files and folders whose names begin with a dot are left out: in a Kubernetes volume they
 * hold what its links point to.
 *
 * @throws {Deno.errors.NotFound} if there is no such folder
 */
export async function readStatementFiles(folder: string): Promise<StatementSource[]> {
  const sources: StatementSource[] = [];
  const visit = async (path: string, shown: string) => {
    for await (const entry of Deno.readDir(path)) {
      if (entry.name.startsWith(".")) continue;
      const inner = join(path, entry.name);
      const name = shown === "" ? entry.name : `${shown}/${entry.name}`;
      if (entry.isDirectory) await visit(inner, name);
      else if (entry.name.endsWith(".sql")) {
        sources.push({ file: name, text: await Deno.readTextFile(inner) });
      }
    }
  };
  await visit(folder, "");
  return sources.sort((a, b) => a.file < b.file ? -1 : 1);
}
