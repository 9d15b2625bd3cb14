import { pause } from "../support/pause.ts";
import type { Recording } from "./recording.ts";

/** At least that share of reads comes from a cache where all is well, or a run proves nothing. */
export const LEAST_CACHED = 0.3;

const LOOK_BACK_MS = 1_000;
/** Fewer reads tell nothing. */
const LEAST_READS = 20;

/** Waits until answers come from caches; `false` if they do not within the limit. */
export async function untilWarm(
  { reads }: Recording,
  options: { readonly clock: () => number; readonly limitMs: number },
): Promise<boolean> {
  const { clock, limitMs } = options;
  for (const giveUpAt = clock() + limitMs; clock() < giveUpAt;) {
    await pause(LOOK_BACK_MS / 4);
    const since = clock() - LOOK_BACK_MS;
    // The newest are at the end.
    const first = reads.findLastIndex(({ endedAt }) => endedAt < since) + 1;
    const recent = reads.slice(first).filter(({ outcome }) => outcome === "answered");
    const cached = recent.filter(({ source }) => source === "cache").length;
    if (recent.length >= LEAST_READS && cached >= recent.length * LEAST_CACHED) return true;
  }
  return false;
}
