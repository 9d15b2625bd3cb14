import { assertEquals } from "@std/assert";
import { dirname, join, relative } from "node:path";

const ROOT = new URL("..", import.meta.url).pathname;

/** The ladder: a file imports only from lower rungs or from its own folder. */
const RUNGS: readonly (readonly string[])[] = [
  ["src/core", "src/std"],
  ["src/drivers"],
  ["src/pool", "src/routing", "src/cache", "src/locks", "src/monitor", "src/partitions"],
  ["src/query"],
  ["src/http", "src/tasks"],
  ["src/config", "src/service"],
  ["main.ts"],
  ["deploy", "tests"],
];

/** Beyond this a file is expected to hold more than one idea. */
const MAX_LINES = 280;

interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

async function* typescriptFiles(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(join(ROOT, folder))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* typescriptFiles(path);
    else if (path.endsWith(".ts")) yield path;
  }
}

function importsOf(text: string): Import[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\//g, "");
  const statements = code.matchAll(
    /^(?:import|export)\s+(type\s)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"/gm,
  );
  return [...statements].map(([, type, specifier]) => ({
    specifier: specifier ?? "",
    typeOnly: type !== undefined,
  }));
}

function rungOf(path: string): number {
  const rung = RUNGS.findIndex((folders) =>
    folders.some((folder) => path === folder || path.startsWith(`${folder}/`))
  );
  if (rung < 0) throw new Error(`Cannot place ${path}: its folder must stand on the ladder`);
  return rung;
}

/** The folder directly under `src/`; subfolders belong to it. */
function part(path: string): string {
  return path.split("/").slice(0, 2).join("/");
}

async function violations(path: string): Promise<string[]> {
  const found: string[] = [];
  for (const { specifier, typeOnly } of importsOf(await Deno.readTextFile(join(ROOT, path)))) {
    if (specifier.startsWith("@std/")) continue;
    if (!specifier.startsWith(".")) continue;
    const target = relative(ROOT, join(ROOT, dirname(path), specifier));
    const [from, to] = [rungOf(path), rungOf(target)];
    const sideways = from === to && part(path) !== part(target) && from !== 0 && from < 5;
    if (to > from || (sideways && !typeOnly)) found.push(`${path} imports ${target}`);
  }
  return found;
}

Deno.test("every import goes down the ladder or stays in its folder", async () => {
  const found: string[] = [...await violations("main.ts")];
  for await (const path of typescriptFiles("src")) found.push(...await violations(path));
  assertEquals(found, []);
});

Deno.test("the ladder's check finds an import that goes up", () => {
  assertEquals(importsOf('import { a } from "../http/app.ts";\nimport type { B } from "./b.ts";'), [
    { specifier: "../http/app.ts", typeOnly: false },
    { specifier: "./b.ts", typeOnly: true },
  ]);
  assertEquals(rungOf("src/http/app.ts") > rungOf("src/query/executor.ts"), true);
});

Deno.test("every file of src holds one idea's worth of lines", async () => {
  const long: string[] = [];
  for await (const path of typescriptFiles("src")) {
    const lines = (await Deno.readTextFile(join(ROOT, path))).split("\n").length;
    if (lines > MAX_LINES) long.push(`${path}: ${lines}`);
  }
  assertEquals(long, []);
});

Deno.test("nothing holds state at module level or is named index.ts", async () => {
  const found: string[] = [];
  for await (const path of typescriptFiles("src")) {
    const text = await Deno.readTextFile(join(ROOT, path));
    if (path.endsWith("/index.ts") || path.endsWith("/mod.ts")) found.push(path);
    if (/^(let|var) /m.test(text)) found.push(`${path} has a variable at module level`);
  }
  assertEquals(found, []);
});

Deno.test("every exported symbol of src says what it promises", async () => {
  const silent: string[] = [];
  for await (const path of typescriptFiles("src")) {
    const lines = (await Deno.readTextFile(join(ROOT, path))).split("\n");
    lines.forEach((line, at) => {
      const exported = /^export (?:async |abstract )?(?:class|function|interface|type|const) \w/;
      if (!exported.test(line)) return;
      if (lines[at - 1]?.trimEnd().endsWith("*/") !== true) {
        silent.push(`${path}:${at + 1} ${line}`);
      }
    });
  }
  assertEquals(silent, []);
});

Deno.test("the test task runs every folder of tests", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  const left: string[] = [];
  for await (const { name } of Deno.readDir(join(ROOT, "tests"))) {
    if (name === "support") continue;
    if (!tasks.test.command.includes(`tests/${name}`)) left.push(name);
  }
  assertEquals(left, []);
});
