import { createHash } from "node:crypto";

/** A file of the operator's page. */
export interface AdminFile {
  readonly body: string;
  readonly type: string;
  /** Made of the body, with its quotes. */
  readonly etag: string;
}

const FOLDER = new URL("./page/", import.meta.url);
const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
};

/** Reads the files of the operator's page, by name; they stand beside this one. */
export async function adminFiles(): Promise<ReadonlyMap<string, AdminFile>> {
  const files = new Map<string, AdminFile>();
  for await (const { name, isFile } of Deno.readDir(FOLDER)) {
    const type = TYPES[name.split(".").at(-1) ?? ""];
    if (!isFile || type === undefined) continue;
    const body = await Deno.readTextFile(new URL(name, FOLDER));
    const hash = createHash("sha256").update(body).digest("base64url").slice(0, 16);
    files.set(name, { body, type, etag: `"${hash}"` });
  }
  return files;
}
