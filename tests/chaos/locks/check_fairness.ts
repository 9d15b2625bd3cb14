import type { Disturbances } from "./disturbances.ts";
import type { Ask, Granted, History } from "./history.ts";

/** A request that was granted though another had been waiting for surely longer. */
export interface Overtake {
  readonly lock: string;
  readonly waiting: string;
  readonly overtaker: string;
  /** By how much the one that waited had come earlier. */
  readonly ms: number;
}

/** How long a request may take to get into line. */
const QUEUED_MS = 100;

/**
 * Finds grants that overtook a request which was sent more than 100 ms earlier and was still waiting.
 * A wait that failed proves nothing, and neither does one that a fault touched.
 *
 * @param options.orderOf what tells which of two grants came first
 */
export function findOvertakes(
  history: History,
  options: {
    readonly disturbances: Disturbances;
    readonly orderOf: (ask: Granted) => bigint | number;
  },
): Overtake[] {
  const { disturbances, orderOf } = options;
  const asks = history.asksByLock();
  const found: Overtake[] = [];
  for (const [lock, grants] of history.grantsByLock()) {
    const waiters = (asks.get(lock) ?? []).sort((a, b) => a.sentAt - b.sentAt);
    // A grant that was asked for again may be the one of the first ask, which came earlier.
    for (const overtaker of grants.filter(({ again }) => !again)) {
      for (const waiter of waiters) {
        if (waiter.sentAt >= overtaker.sentAt - QUEUED_MS) break;
        if (!waitedBeyond(waiter, overtaker, orderOf)) continue;
        const span = { from: waiter.sentAt, to: overtaker.grant.at };
        if (disturbances.touched(waiter, span)) continue;
        const ms = overtaker.sentAt - waiter.sentAt;
        found.push({ lock, waiting: waiter.id, overtaker: overtaker.id, ms });
      }
    }
  }
  return found;
}

/** Whether a request surely still waited when another one was granted. */
function waitedBeyond(
  waiter: Ask,
  overtaker: Granted,
  orderOf: (ask: Granted) => bigint | number,
): boolean {
  const { grant, noGrant } = waiter;
  if (grant !== undefined) return orderOf({ ...waiter, grant }) > orderOf(overtaker);
  if (noGrant === undefined || noGrant.why === "failed") return false;
  return noGrant.at > overtaker.grant.at + QUEUED_MS;
}
