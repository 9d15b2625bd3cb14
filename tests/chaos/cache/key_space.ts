import type { System } from "./events.ts";

/** Which players a load is about. */
export interface KeySpace {
  /** Read and written all the time. */
  readonly hot: readonly number[];
  /** Read and written now and then. */
  readonly wide: readonly number[];
  /** Written once, from the first up to the one before the last. */
  readonly once: { readonly first: number; readonly last: number };
}

const [HOT, WIDE] = [8, 120];
/** Players of each system; the example realm has 10,000. */
const EACH = 5_000;

/**
 * Realmgate and the controls have players of their own: what a control writes goes past Realmgate,
 * which may have those players in its caches for as long as they live.
 */
export function keySpace(system: System): KeySpace {
  const first = system === "realmgate" ? 1 : 1 + EACH;
  const range = (from: number, count: number) => Array.from({ length: count }, (_, n) => from + n);
  return {
    hot: range(first, HOT),
    wide: range(first + HOT, WIDE),
    once: { first: first + HOT + WIDE, last: first + EACH },
  };
}
