import { findHung, longestMs } from "./check_liveness.ts";
import { findLostWrites, findStaleReads, type StaleRead } from "./check_staleness.ts";
import { describeHung, describeStale } from "./describe.ts";
import type { ReadEvent, System } from "./events.ts";
import type { Fault } from "./fault.ts";
import type { Recording } from "./recording.ts";
import { LONG } from "./statements.ts";
import { LEAST_CACHED } from "./warmth.ts";

/** What a phase ended in. */
export interface Findings {
  readonly fault: string;
  readonly system: System;
  readonly promise: Fault["promise"];
  readonly boundMs: number;
  readonly rounds: number;
  /** Reads that were answered and checked. */
  readonly reads: number;
  /** How many of them came from where. */
  readonly sources: ReadonlyMap<string, number>;
  /** The share of reads from a cache while nothing was disturbed. */
  readonly cachedShare: number;
  readonly acknowledged: number;
  /** The oldest answer, by how long its successor had been known when it was asked for. */
  readonly worstMs: number;
  /** The same while nothing was disturbed. */
  readonly worstHealthyMs: number;
  /** Answers beyond the bound. */
  readonly stale: number;
  /** Answers that lacked a write acknowledged on the same connection. */
  readonly lostWrites: number;
  /** Requests without an answer though their process ran. */
  readonly hung: number;
  /** Without those that the database is asked to be slow with. */
  readonly longestReadMs: number;
  readonly longestWriteMs: number;
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
  readonly system: System;
  readonly rounds: number;
  readonly recording: Recording;
}): Findings {
  const { fault, system, rounds, recording } = phase;
  const { reads, writes, proofs, disturbances, calms, cold } = recording;
  const answered = reads.filter(({ version }) => version !== undefined);
  const healthy = ({ startedAt: at }: ReadEvent) =>
    calms.some(({ from, to }) => from <= at && at < to);
  const behind = findStaleReads(answered, proofs);
  const stale = behind.filter(({ ms }) => ms > fault.boundMs);
  const lostWrites = findLostWrites(answered, proofs);
  const hung = findHung([...reads, ...writes], disturbances);
  const calm = answered.filter(healthy);
  const cached = calm.filter(({ source }) => source === "cache").length;
  const violations: string[] = [];
  const forbid = (what: string, found: readonly string[]) => {
    if (found.length > 0) {
      violations.push(`${found.length} ${what}: ${found.slice(0, TOLD).join("; ")}`);
    }
  };
  if (system !== "control") {
    forbid(`reads staler than ${fault.boundMs} ms`, worstFirst(stale).map(describeStale));
    forbid("own writes lost", worstFirst(lostWrites).map(describeStale));
    forbid("requests hung", hung.map(describeHung));
  } else if (stale.length === 0) {
    violations.push(`the control shows nothing staler than ${fault.boundMs} ms: blind to it`);
  }
  if (cold > 0) violations.push(`${cold} times caches did not become warm in time`);
  const cachedShare = cached / calm.length;
  if (system !== "uncached" && !(cachedShare >= LEAST_CACHED)) {
    violations.push(`only ${percent(cachedShare)} came from a cache while nothing was disturbed`);
  }
  const unread = reads.filter(({ outcome, version }) =>
    outcome === "answered" && version === undefined
  );
  if (unread.length > 0) violations.push(`${unread.length} answers told no version`);
  const unheard = disturbances.filter((one) => one.unheard !== undefined);
  if (unheard.length > 0 && unheard.every((one) => one.unheard === 0)) {
    violations.push("no write was committed unheard: nothing came of the fault");
  }
  const acknowledged = writes.filter(({ outcome }) => outcome === "answered").length;
  if (acknowledged === 0) violations.push("no write was acknowledged");
  return {
    fault: fault.name,
    system,
    promise: fault.promise,
    boundMs: fault.boundMs,
    rounds,
    reads: answered.length,
    sources: counts(answered.map(({ source }) => source)),
    cachedShare,
    acknowledged,
    worstMs: worst(behind),
    worstHealthyMs: worst(behind.filter(({ read }) => healthy(read))),
    stale: stale.length,
    lostWrites: lostWrites.length,
    hung: hung.length,
    longestReadMs: longestMs(reads.filter(isShort), disturbances),
    longestWriteMs: longestMs(writes, disturbances),
    failures: counts([
      ...reads.filter(({ code }) => code !== "").map(({ code }) => `read: ${code}`),
      ...writes.filter(({ code }) => code !== "").map(({ code }) => `write: ${code}`),
    ]),
    violations,
  };
}

/** Whether a read is not slow of its own accord. */
function isShort({ statement }: ReadEvent): boolean {
  return statement !== LONG.read;
}

/** A share as text. */
export function percent(share: number): string {
  return Number.isNaN(share) ? "nothing" : `${Math.round(share * 100)} %`;
}

function worst(found: readonly StaleRead[]): number {
  return found.reduce((most, { ms }) => Math.max(most, ms), 0);
}

function worstFirst(found: readonly StaleRead[]): StaleRead[] {
  return [...found].sort((a, b) => b.ms - a.ms);
}

function counts(names: readonly string[]): Map<string, number> {
  const counted = new Map<string, number>();
  for (const name of names) counted.set(name, (counted.get(name) ?? 0) + 1);
  return counted;
}
