import { assert } from "@std/assert";

const SCRIPT = new URL("../bench/cache/memory.ts", import.meta.url).pathname;

Deno.test("Cache takes about the memory that it counts when it is full of 200,000 entries", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-read", "--v8-flags=--expose-gc", SCRIPT, "200000", "150"],
    stderr: "inherit",
  }).output();
  const text = new TextDecoder().decode(stdout);
  const { entries, ratio } = JSON.parse(text) as { entries: number; ratio: number };
  assert(entries === 200_000, text);
  assert(ratio > 0.8 && ratio < 1.2, text);
});
