import type { Arena } from "../support/arena.ts";
import type { Fleet } from "../support/fleet.ts";
import { pause } from "../support/pause.ts";
import { startControls } from "./control_fleet.ts";
import type { System } from "./events.ts";
import type { Fault } from "./fault.ts";
import { type Findings, judge } from "./findings.ts";
import { keySpace } from "./key_space.ts";
import { Load } from "./load.ts";
import { hardPlans, plainPlans } from "./plans.ts";
import { Recording } from "./recording.ts";
import { shardOf } from "./shard_of.ts";
import { untilWarm } from "./warmth.ts";

/** When a phase is over: whichever comes last. */
export interface PhaseLength {
  readonly seconds: number;
  /** Occurrences of the fault. @default {the fault's own} */
  readonly rounds?: number;
}

/** For how long a key is read after its only write, past the bound. */
const WATCH_PAST_BOUND_MS = 2_500;
/** For how long nothing is disturbed before a fault. */
const CALM_MS = 2_500;
/** Within that caches must be warm, for the first time and again. */
const WARM_WITHIN_MS = 60_000;

/** Has clients read and write while a fault is brought about again and again, and judges it. */
export async function runPhase(
  arena: Arena,
  options: {
    readonly fault: Fault;
    readonly system: System;
    readonly length: PhaseLength;
    /** A folder for what clients saw. @default {it is not kept} */
    readonly keepIn?: string | undefined;
  },
): Promise<Findings> {
  const { fault, system, length } = options;
  const { boundMs, control } = fault;
  const clock = () => performance.now();
  await using controls = await startSystem(arena, { system, fault });
  const fleet = controls ?? arena.fleet;
  const recording = new Recording();
  const overtaken = system !== "control" || control.overtaken;
  const watchMs = boundMs + WATCH_PAST_BOUND_MS;
  const load = new Load({
    urls: fleet.urls,
    keys: keySpace(system),
    apiKey: arena.apiKey,
    recording,
    clock,
    plans: fault.plans ?? (overtaken ? hardPlans(boundMs) : plainPlans(boundMs)),
    watchMs,
    slowly: overtaken,
    async bypass(key) {
      await shardOf(arena, key).primary.sql(
        `UPDATE players SET version = version + 1 WHERE id = ${key}`,
      );
    },
  });
  const least = length.rounds ?? fault.rounds ?? 1;
  let rounds = 0;
  load.start();
  try {
    const endsAt = clock() + length.seconds * 1_000;
    for (; rounds < least || clock() < endsAt; rounds++) {
      const warm = system === "uncached" ||
        await untilWarm(recording, { clock, limitMs: WARM_WITHIN_MS });
      if (!warm) recording.cold++;
      const calmFrom = clock();
      await pause(CALM_MS);
      const from = clock();
      const done = await fault.inject({ arena, fleet, load, round: rounds, clock });
      if (done !== undefined) recording.disturbances.push({ from, to: clock(), ...done });
      await pause(watchMs);
      recording.calms.push({ from: calmFrom, to: done === undefined ? clock() : from });
    }
  } finally {
    await load.stop();
  }
  if (options.keepIn !== undefined) {
    const file = `${options.keepIn}/${fault.name.replaceAll(" ", "-")}-${system}.json`;
    await Deno.mkdir(options.keepIn, { recursive: true });
    await Deno.writeTextFile(file, JSON.stringify(recording));
  }
  return judge({ fault, system, rounds, recording });
}

/** The processes to attack, where they are not the arena's own. */
async function startSystem(
  arena: Arena,
  { system, fault }: { readonly system: System; readonly fault: Fault },
): Promise<Fleet | undefined> {
  switch (system) {
    case "realmgate":
      return undefined;
    case "control":
      return await startControls(arena, fault.control);
    case "uncached":
      return await startControls(arena, { kind: "none", loads: "primary" });
  }
}
