import { findOverlaps } from "./check_exclusion.ts";
import { findOvertakes } from "./check_fairness.ts";
import { findFenceFaults } from "./check_fences.ts";
import { findStaleWrites } from "./check_writes.ts";
import { Disturbances } from "./disturbances.ts";
import type { ContenderSetup } from "./events.ts";
import type { Fault, Symptom } from "./fault.ts";
import type { Granted, History } from "./history.ts";
import type { LandedWrite } from "./landed_writes.ts";

/** What a phase ended in. */
export interface Findings {
  readonly fault: string;
  readonly system: ContenderSetup["system"];
  readonly rounds: number;
  readonly grants: number;
  /** Grants to another worker than the one before had. */
  readonly handOvers: number;
  readonly overlaps: number;
  readonly fenceFaults: number;
  readonly staleWrites: number;
  readonly refusedWrites: number;
  readonly overtakes: number;
  readonly worstRecoveryMs: number;
  /** Redis commands per hand-over; NaN where Redis forgot how many it had. */
  readonly commandsPerHandOver: number;
  /** What clients were told instead of what they asked for, and how often. */
  readonly failures: ReadonlyMap<string, number>;
  /** Why the run fails, in sentences with particulars. */
  readonly violations: readonly string[];
}

/** Violations of one kind that are told in full. */
const TOLD = 3;

/** Checks what clients saw in a phase against what is promised, or the control's must. */
export function judge(phase: {
  readonly fault: Fault;
  readonly system: ContenderSetup["system"];
  readonly history: History;
  readonly disturbances: Disturbances;
  readonly recoveries: readonly number[];
  readonly recoveryLimitMs: number;
  readonly commands: number;
  readonly landed: ReadonlyMap<string, readonly LandedWrite[]>;
}): Findings {
  const { fault, system, history, disturbances, recoveries, commands, landed } = phase;
  const ours = system === "realmgate";
  const orderOf = ({ grant }: Granted) => ours ? BigInt(grant.fence) : grant.at;
  const overlaps = findOverlaps(history);
  const fenceFaults = ours ? findFenceFaults(history, { exclusive: !fault.losesGrants }) : [];
  // The control has no line, so nothing excuses it.
  const excuses = ours ? disturbances : new Disturbances();
  const overtakes = findOvertakes(history, { disturbances: excuses, orderOf });
  const writes = findStaleWrites(history, { landed, orderOf });
  const worstRecoveryMs = Math.max(0, ...recoveries);
  const handOvers = countHandOvers(history);
  const commandsPerHandOver = commands / handOvers;
  const { maxCommands = NaN } = fault;
  const violations: string[] = [];
  const forbid = (what: string, found: readonly unknown[]) => {
    if (found.length === 0) return;
    const told = found.slice(0, TOLD).map((one) => JSON.stringify(one)).join(", ");
    violations.push(`${found.length} ${what}: ${told}`);
  };
  if (ours) {
    forbid("fence faults", fenceFaults);
    forbid("stale writes landed", writes.stale);
    if (!fault.losesGrants) {
      forbid("overlaps", overlaps);
      forbid("overtakes", overtakes);
      forbid("writes of holders refused", writes.wronglyRefused);
    }
    if (fault.refuses && writes.refused === 0) violations.push("no stale write was refused");
    if (worstRecoveryMs > phase.recoveryLimitMs) {
      violations.push(`no grant for ${Math.round(worstRecoveryMs)} ms after the fault`);
    }
    if (commandsPerHandOver > maxCommands) {
      violations.push(`${commandsPerHandOver.toFixed(1)} commands per hand-over`);
    }
    if (handOvers === 0) violations.push("no hand-over");
  } else {
    const shown: Record<Symptom, number> = {
      "overlaps": overlaps.length,
      "stale writes": writes.stale.length,
      "overtakes": overtakes.length,
    };
    for (const symptom of fault.control ?? []) {
      if (shown[symptom] === 0) violations.push(`the control shows no ${symptom}: blind to them`);
    }
    if (commandsPerHandOver <= maxCommands) {
      violations.push("the control needs no more commands: too few to tell polling by");
    }
  }
  return {
    fault: fault.name,
    system,
    rounds: recoveries.length,
    grants: history.grants,
    handOvers,
    overlaps: overlaps.length,
    fenceFaults: fenceFaults.length,
    staleWrites: writes.stale.length,
    refusedWrites: writes.refused,
    overtakes: overtakes.length,
    worstRecoveryMs,
    commandsPerHandOver,
    failures: history.failures,
    violations,
  };
}

function countHandOvers(history: History): number {
  let handOvers = 0;
  for (const grants of history.grantsByLock().values()) {
    const workers = grants.map(({ id }) => id.slice(0, id.lastIndexOf(".")));
    handOvers += workers.filter((worker, at) => at > 0 && worker !== workers[at - 1]).length;
  }
  return handOvers;
}
