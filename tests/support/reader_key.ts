import { createHash } from "node:crypto";

/** Adds a key named `reader` with the scopes read and write to the configuration of a realm's folder. */
export async function withReader(folder: string, key: string): Promise<string> {
  const file = `${folder}/realmgate.yaml`;
  const sha256 = createHash("sha256").update(key).digest("hex");
  const entry = `  - { name: reader, sha256: "${sha256}", scopes: [read, write] }`;
  const text = await Deno.readTextFile(file);
  await Deno.writeTextFile(file, text.replace("apiKeys:\n", `apiKeys:\n${entry}\n`));
  return folder;
}
