import type { Plan } from "./episode.ts";
import { BRIEF, CREATED, GROUPED, PLAIN, RETURNING, type Route, SLOW } from "./statements.ts";

/** How long past its bound a key is left alone that is not read at first. */
const PAST_BOUND_MS = 300;

/**
 * What keys live through that everybody has read before their only write: read on, or left alone
 * until nothing older may be answered.
 */
export function plainPlans(boundMs: number): readonly Plan[] {
  return [PLAIN, GROUPED].flatMap((route) => pair(route, { boundMs, writer: "gateway" }));
}

/**
 * Beside those also keys whose first loads their write overtakes, writes of which the database says
 * less or Realmgate is only told, and rows that are not there at first.
 */
export function hardPlans(boundMs: number): readonly Plan[] {
  return [
    ...plainPlans(boundMs),
    { route: SLOW, warm: true, writer: "gateway" },
    { route: SLOW, warm: false, writer: "gateway" },
    { route: PLAIN, warm: false, writer: "gateway" },
    { route: PLAIN, warm: true, writer: "told" },
    { route: RETURNING, warm: true, writer: "gateway" },
    { route: CREATED, warm: true, writer: "gateway" },
  ];
}

/** Keys that may be stale for a while, written by whoever it is. */
export function briefPlans(boundMs: number, writer: "gateway" | "database"): readonly Plan[] {
  return pair(BRIEF, { boundMs, writer });
}

function pair(
  route: Route,
  { boundMs, writer }: { readonly boundMs: number; readonly writer: Plan["writer"] },
): Plan[] {
  return [
    { route, warm: true, writer },
    { route, warm: true, writer, quietMs: boundMs + PAST_BOUND_MS },
  ];
}
