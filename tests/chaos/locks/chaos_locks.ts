/**
 * `deno task chaos:locks`: the adversary of the distributed locks. Client processes contend for a few
 * locks of two service processes while one fault after the other is brought about, again and again;
 * then what they saw is checked against what is promised. The same clients do the same with a lock
 * as many write it by hand, which must show what Realmgate's may not.
 *
 * `--seconds 40` per fault (half of that for the control); `--only holder-stopped,redis-paused`;
 * `--keep folder` for what the clients saw, as JSON.
 * Prints one row per fault; exits with 1 if a promise is broken, or if the control shows nothing.
 */
import { parseArgs } from "node:util";
import { Arena } from "../support/arena.ts";
import type { SiteKind } from "../support/redis_site.ts";
import { untilStopped } from "../support/until_stopped.ts";
import { ALL_FAULTS } from "./all_faults.ts";
import type { Fault } from "./fault.ts";
import type { Findings } from "./findings.ts";
import { runPhase } from "./phase.ts";
import { failuresText, findingsTable } from "./report.ts";

const { values: flags } = parseArgs({
  args: Deno.args,
  options: {
    seconds: { type: "string", default: "40" },
    only: { type: "string", default: "" },
    keep: { type: "string" },
  },
});
const seconds = Number(flags.seconds);
const slug = (name: string) => name.replaceAll(" ", "-");
const wanted = flags.only === "" ? ALL_FAULTS.map(({ name }) => slug(name)) : flags.only.split(",");
const unknown = wanted.filter((name) => !ALL_FAULTS.some((fault) => slug(fault.name) === name));
if (!(seconds > 0) || unknown.length > 0) {
  console.error(
    `Cannot run: --seconds must be a number above 0, and --only some of ${
      ALL_FAULTS.map(({ name }) => slug(name)).join(",")
    }`,
  );
  Deno.exit(2);
}

let current: Promise<Arena | undefined> | undefined;
const guard = untilStopped(async () => await (await current)?.[Symbol.asyncDispose]());

const all: Findings[] = [];
const broken: string[] = [];
const kinds: readonly SiteKind[] = ["server", "server with a clock", "sentinels"];
for (const kind of kinds) {
  const faults = ALL_FAULTS.filter(({ name, site = "server" }) =>
    site === kind && wanted.includes(slug(name))
  );
  if (faults.length === 0) continue;
  current = Arena.start(kind);
  await using arena = await guard(current);
  if (arena === undefined) {
    const names = faults.map(({ name }) => name).join(", ");
    console.log(`NOT DONE: ${names}: this machine cannot step one server's clock (no libfaketime)`);
    continue;
  }
  for (const fault of faults) await attack(arena, fault);
}
console.log(`\n${findingsTable(all)}\n`);
console.log(failuresText(all));
broken.push(
  ...all.flatMap(({ fault, system, violations }) =>
    violations.map((violation) => `${fault}, ${system}: ${violation}`)
  ),
);
console.log(broken.length === 0 ? "\nEverything promised held." : `\n${broken.join("\n")}`);
Deno.exit(broken.length === 0 ? 0 : 1);

async function attack(arena: Arena, fault: Fault): Promise<void> {
  for (const system of ["realmgate", "control"] as const) {
    if (system === "control" && fault.control === undefined) continue;
    const length = { seconds: system === "control" ? seconds / 2 : seconds, rounds: 2 };
    let findings: Findings;
    try {
      findings = await guard(runPhase(arena, { fault, system, length, keepIn: flags.keep }));
    } catch (error) {
      console.log(`${fault.name}, ${system}: FAILED`, error);
      broken.push(`${fault.name}, ${system}: ${error}`);
      continue;
    }
    all.push(findings);
    console.log(`${fault.name}, ${system}: ${findings.rounds} times, ${findings.grants} grants`);
    for (const violation of findings.violations) console.log(`  VIOLATION: ${violation}`);
  }
}
