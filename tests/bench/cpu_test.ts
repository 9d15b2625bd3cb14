import { assert, assertEquals } from "@std/assert";
import { cpuMicros, processTree } from "./cpu.ts";

Deno.test("processTree finds what a process has started, and what that has started", async () => {
  // The inner shell says its own number and its child's, and waits for the end of its input.
  const inner = "sleep 60 & echo $$ $!; read _; kill $!";
  const child = new Deno.Command("sh", {
    args: ["-c", `sh -c '${inner}' <&0; exit`],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  const said = new TextDecoder().decode((await reader.read()).value);
  const found = await processTree(child.pid);
  await child.stdin.close();
  await reader.cancel();
  await child.status;
  const [shell = 0, sleep = 0] = said.trim().split(" ").map(Number);
  assert(found.includes(child.pid), `${found}`);
  assert(found.includes(shell) && found.includes(sleep), `${found} of ${said}`);
});

Deno.test("cpuMicros grows while a process works, and adds processes up", async () => {
  const before = await cpuMicros([Deno.pid]);
  let now = before;
  for (let n = 0; now === before; n++) {
    for (let i = 0; i < 1_000_000; i++) Math.sqrt(i + n);
    now = await cpuMicros([Deno.pid]);
  }
  assert(now > before);
  assertEquals(await cpuMicros([]), 0);
});
