import type { Arena } from "../support/arena.ts";
import { Contenders } from "./contenders.ts";
import { Disturbances } from "./disturbances.ts";
import type { ContenderSetup, ContestedLock } from "./events.ts";
import type { Episode, Fault, Stage } from "./fault.ts";
import { History } from "./history.ts";
import { landedWrites } from "./landed_writes.ts";
import { openMachineClock } from "./machine_clock.ts";
import { commandsBetween, countCommands } from "./redis_commands.ts";
import { type Findings, judge } from "./findings.ts";

/** When a phase is over: whichever comes last. */
export interface PhaseLength {
  readonly seconds: number;
  /** Occurrences of the fault. */
  readonly rounds: number;
}

const LOCKS = 3;
const TTL_MS = 1_000;
const HOLD_MS = 30;
const CALM_MS = 500;
/** After that a lock counts as not recovered. */
const RECOVERY_LIMIT_MS = 10_000;

/** Has clients contend while a fault is brought about again and again, and judges what they saw. */
export async function runPhase(
  arena: Arena,
  options: {
    readonly fault: Fault;
    readonly system: ContenderSetup["system"];
    readonly length: PhaseLength;
    /** A folder for what clients saw. @default {it is not kept} */
    readonly keepIn?: string | undefined;
  },
): Promise<Findings> {
  const { fault, system, length } = options;
  const clock = openMachineClock();
  const ttlMs = fault.ttlMs ?? TTL_MS;
  const run = crypto.randomUUID().slice(0, 8);
  const locks = Array.from({ length: LOCKS }, (_, n): ContestedLock => ({
    name: `chaos:${run}:${n}`,
    playerId: String(n + 1),
  }));
  const history = new History();
  const disturbances = new Disturbances();
  const contenders = new Contenders(arena, {
    system,
    locks,
    ttlMs,
    holdMs: fault.holdMs ?? HOLD_MS,
    onEvent: (event) => history.add(event),
  });
  const stage: Stage = { arena, contenders, history, disturbances, clock, ttlMs };
  const recoveries: number[] = [];
  const before = await countCommands(arena.redis.server.url, system);
  const endsAt = clock() + length.seconds * 1_000;
  try {
    await contenders.start();
    for (let round = 0; round < length.rounds || clock() < endsAt; round++) {
      const episode = await fault.inject(stage);
      recoveries.push(await recovery(episode, stage));
      await episode.restore?.();
      await new Promise((resolve) => setTimeout(resolve, fault.calmMs ?? CALM_MS));
    }
  } finally {
    await contenders.stop();
  }
  if (options.keepIn !== undefined) {
    const file = `${options.keepIn}/${fault.name.replaceAll(" ", "-")}-${system}.json`;
    await Deno.mkdir(options.keepIn, { recursive: true });
    await Deno.writeTextFile(file, history.toJson());
  }
  return judge({
    fault,
    system,
    history,
    disturbances,
    recoveries,
    recoveryLimitMs: RECOVERY_LIMIT_MS,
    commands: commandsBetween(before, await countCommands(arena.redis.server.url, system)),
    landed: await landedWrites(arena.realm, locks),
  });
}

/** How long it took until each lock that a fault touched was granted again. */
async function recovery(
  { recoversFrom, locks }: Episode,
  { history, clock }: Stage,
): Promise<number> {
  let worstMs = 0;
  for (const lock of locks) {
    for (;;) {
      const at = history.firstGrantSince(lock, recoversFrom);
      const tookMs = (at ?? clock()) - recoversFrom;
      worstMs = Math.max(worstMs, tookMs);
      if (at !== undefined || tookMs > RECOVERY_LIMIT_MS) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  return worstMs;
}
