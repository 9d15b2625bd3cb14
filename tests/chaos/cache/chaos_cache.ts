/**
 * `deno task chaos:cache`: the adversary of the caches. Clients read and write through two service
 * processes with two isolates each while one fault after the other is brought about, again and again;
 * then it is checked how old the answers were. The same clients do the same with a cache as many
 * write it by hand, which must show what Realmgate's may not.
 *
 * `--seconds 15` per fault (half of that for the control), at the least; `--only nothing,redis-stopped`;
 * `--system` for one of realmgate and control, or for uncached: the control without its cache, which is
 * never stale, to see that nobody cries wolf; `--keep folder` for what clients saw, as JSON.
 * Prints one row per fault; exits with 1 if a bound is broken, or if the control shows nothing.
 */
import { parseArgs } from "node:util";
import { Arena } from "../support/arena.ts";
import type { SiteKind } from "../support/redis_site.ts";
import { untilStopped } from "../support/until_stopped.ts";
import { ALL_FAULTS } from "./all_faults.ts";
import type { System } from "./events.ts";
import type { Fault } from "./fault.ts";
import type { Findings } from "./findings.ts";
import { runPhase } from "./phase.ts";
import { failuresText, findingsTable } from "./report.ts";
import { SENTINELS } from "./sentinels.ts";
import { STATEMENTS } from "./statements.ts";

const { values: flags } = parseArgs({
  args: Deno.args,
  options: {
    seconds: { type: "string", default: "15" },
    only: { type: "string", default: "" },
    system: { type: "string", default: "" },
    keep: { type: "string" },
  },
});
const seconds = Number(flags.seconds);
const slug = (name: string) => name.replaceAll(",", "").replaceAll(" ", "-");
const names = ALL_FAULTS.map(({ name }) => slug(name));
const wanted = flags.only === "" ? names : flags.only.split(",");
const systems = (["realmgate", "control", "uncached"] as const).filter((system) =>
  flags.system === "" ? system !== "uncached" : system === flags.system
);
if (!(seconds > 0) || systems.length === 0 || wanted.some((name) => !names.includes(name))) {
  console.error(
    `Cannot run: --seconds must be a number above 0, --system realmgate, control or uncached, and --only some ` +
      `of ${names.join(",")}`,
  );
  Deno.exit(2);
}

let current: Promise<Arena | undefined> | undefined;
const guard = untilStopped(async () => await (await current)?.[Symbol.asyncDispose]());

/** How often the control may try to show what a fault does. */
const CONTROL_RUNS = 3;
const all: Findings[] = [];
const broken: string[] = [];
const kinds: readonly SiteKind[] = ["server", "sentinels"];
for (const kind of kinds) {
  const faults = ALL_FAULTS.filter(({ name, site = "server" }) =>
    site === kind && wanted.includes(slug(name))
  );
  if (faults.length === 0) continue;
  current = Arena.start(kind, { statements: STATEMENTS, sentinels: SENTINELS });
  await using arena = await guard(current);
  if (arena === undefined) throw new TypeError("every machine can start a Redis server");
  for (const fault of faults) {
    for (const system of systems) await attack(arena, fault, system);
  }
}
console.log(`\n${findingsTable(all)}\n`);
console.log(failuresText(all));
console.log(
  broken.length === 0 ? "\nEverything promised held." : `\nNOT AS IT MUST BE: ${broken.join("; ")}`,
);
Deno.exit(broken.length === 0 ? 0 : 1);

async function attack(arena: Arena, fault: Fault, system: System): Promise<void> {
  const length = { seconds: system === "control" ? seconds / 2 : seconds };
  const run = () => guard(runPhase(arena, { fault, system, length, keepIn: flags.keep }));
  try {
    let found = await run();
    // It is chance whether the control meets its fault; ours has to hold each time.
    for (let n = 1; system === "control" && found.violations.length > 0 && n < CONTROL_RUNS; n++) {
      console.log(`${fault.name}, ${system}: once more, for it showed nothing`);
      found = await run();
    }
    all.push(found);
    const worst = `worst ${Math.round(found.worstMs)} ms of ${found.boundMs}`;
    console.log(`${fault.name}, ${system}: ${found.rounds} times, ${found.reads} reads, ${worst}`);
    for (const violation of found.violations) console.log(`  VIOLATION: ${violation}`);
    if (found.violations.length > 0) broken.push(`${fault.name}, ${system}`);
  } catch (error) {
    console.log(`${fault.name}, ${system}: FAILED`, error);
    broken.push(`${fault.name}, ${system}`);
  }
}
