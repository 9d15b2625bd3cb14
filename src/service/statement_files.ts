import { join } from "node:path";
import { whyUnreadable } from "../config/why_unreadable.ts";
import type { StatementSource } from "../query/statement.ts";

const NEWLINE = 0x0a;

/**
 * Reads every `.sql` file under a folder, in the order of their paths, which are shown relative
 * to it. Files and folders whose names begin with a dot are left out: in a Kubernetes volume they
 * hold what its links point to. A file that cannot be read, or is not UTF-8, comes with its fault.
 *
 * @throws {Error} if there is no such folder
 */
export async function readStatementFiles(folder: string): Promise<StatementSource[]> {
  const sources: StatementSource[] = [];
  const visit = async (path: string, shown: string) => {
    for await (const entry of Deno.readDir(path)) {
      if (entry.name.startsWith(".")) continue;
      const inner = join(path, entry.name);
      const name = shown === "" ? entry.name : `${shown}/${entry.name}`;
      if (entry.isDirectory) await visit(inner, name);
      else if (entry.name.endsWith(".sql")) sources.push(await readSource(inner, name));
    }
  };
  try {
    await visit(folder, "");
  } catch (error) {
    throw new Error(
      `Cannot read the statements' folder ${folder}: ${whyUnreadable(error)}; the setting ` +
        "statements names it",
      { cause: error },
    );
  }
  return sources.sort((a, b) => a.file < b.file ? -1 : 1);
}

async function readSource(path: string, file: string): Promise<StatementSource> {
  const refused = (message: string, line = 1) => ({ file, text: "", fault: { line, message } });
  try {
    const bytes = await Deno.readFile(path);
    const line = badLine(bytes);
    if (line !== undefined) return refused("must be UTF-8", line);
    return { file, text: new TextDecoder().decode(bytes) };
  } catch (error) {
    return refused(`cannot be read: ${whyUnreadable(error)}`);
  }
}

/** The first line that is not UTF-8, from 1. */
function badLine(bytes: Uint8Array): number | undefined {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for (let line = 1, start = 0; start < bytes.length; line++) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    try {
      decoder.decode(bytes.subarray(start, end));
    } catch {
      return line;
    }
    start = end + 1;
  }
  return undefined;
}
