/** Who takes a shard's writes, and since when: what probers agree on. */
export interface Primacy {
  readonly primary: string | null;
  /** Microseconds of the clock that granted it; grows with every change of primary. */
  readonly epoch: number;
  /** How long every prober has looked without seeing the primary writable, in milliseconds. */
  readonly unseenMs: number;
  /** When a prober last reported, on the clock that decides. */
  readonly heardAt: number;
}

/** Before the first report. */
export const NO_PRIMACY: Primacy = { primary: null, epoch: 0, unseenMs: 0, heardAt: -Infinity };

/** How long nobody may have seen the primary writable before another node replaces it. */
export const QUIET_MS = 3_000;
/**
 * The longest pause between two reports that counts as looking. Time in which nobody could report,
 * because Redis or the process hung, says nothing of the primary.
 */
export const GAP_MS = 1_500;

/** What one prober sees. */
export interface Report {
  /** Every node of the shard that is writable now. */
  readonly writable: readonly string[];
  /** Milliseconds on the clock that decides. */
  readonly now: number;
  /** Unix milliseconds, for a new epoch. */
  readonly wallMs: number;
}

/**
 * The rule of primacy: the primary stays as long as some prober sees it writable. When none has for
 * {@linkcode QUIET_MS}, a node that is the only writable one replaces it, with a newer epoch. Two
 * writable nodes replace nobody. `epoch_store.ts` holds the same rule in Lua.
 *
 * @example
 * ```ts
 * import { decidePrimacy, NO_PRIMACY } from "./primacy.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const report = { writable: ["s1a"], now: 0, wallMs: 1_800_000_000_000 };
 * assertEquals(decidePrimacy(NO_PRIMACY, report).primary, "s1a");
 * ```
 */
export function decidePrimacy(known: Primacy, report: Report): Primacy {
  const { writable, now } = report;
  const { primary, epoch } = known;
  if (primary !== null && writable.includes(primary)) {
    return { primary, epoch, unseenMs: 0, heardAt: now };
  }
  const pauseMs = Math.min(Math.max(now - known.heardAt, 0), GAP_MS);
  const unseenMs = Math.min(known.unseenMs + pauseMs, QUIET_MS);
  const [only, second] = writable;
  const free = primary === null || unseenMs >= QUIET_MS;
  if (only === undefined || second !== undefined || !free) {
    return { primary, epoch, unseenMs, heardAt: now };
  }
  const next = Math.max(epoch + 1, Math.floor(report.wallMs * 1_000));
  return { primary: only, epoch: next, unseenMs: 0, heardAt: now };
}
