import { join } from "node:path";
import { fileURLToPath } from "node:url";

const TEMPLATE = fileURLToPath(new URL("./new_realm/", import.meta.url));

/**
 * Writes a small realm into a folder: one table, three statements, a configuration and a README.
 * Returns the files that it wrote.
 *
 * @throws if the folder holds something already
 */
export async function initRealm(folder: string): Promise<string[]> {
  await Deno.mkdir(folder, { recursive: true });
  for await (const { name } of Deno.readDir(folder)) {
    throw new Error(
      `Cannot write a realm: the folder must be empty, received ${folder}, which holds ${name}`,
    );
  }
  return (await copyFiles(TEMPLATE, folder)).sort();
}

async function copyFiles(from: string, to: string): Promise<string[]> {
  const written: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    const [source, target] = [join(from, name), join(to, name)];
    if (isDirectory) {
      await Deno.mkdir(target);
      written.push(...await copyFiles(source, target));
    } else {
      await Deno.copyFile(source, target);
      written.push(target);
    }
  }
  return written;
}
