import { claimsOf } from "./check_exclusion.ts";
import type { Granted, History } from "./history.ts";

/** What became of the writes under a lock. */
export interface WriteFindings {
  /** Writes of a holder that landed after those of a later one. */
  readonly stale: readonly string[];
  /** Writes of a holder before that were refused with `stale_fence`. */
  readonly refused: number;
  /** Writes that were refused so though their client relied on its grant all the time. */
  readonly wronglyRefused: readonly string[];
}

/**
 * Finds writes that landed though a later holder's had landed before: by the clients' answers, and by
 * the table itself, which also knows of the writes whose answers were lost.
 *
 * @param options.landed of each lock the writes in its table, in the order in which they landed
 * @param options.orderOf what tells which of two holders is the later one
 */
export function findStaleWrites(
  history: History,
  options: {
    readonly landed: ReadonlyMap<
      string,
      readonly { readonly ask: string; readonly write: string }[]
    >;
    readonly orderOf: (ask: Granted) => bigint | number;
  },
): WriteFindings {
  const { landed, orderOf } = options;
  const grants = new Map<string, Granted>();
  for (const list of history.grantsByLock().values()) {
    for (const ask of list) grants.set(ask.id, ask);
  }
  const stale = new Set<string>();
  for (const rows of landed.values()) {
    let newest: bigint | number = 0;
    for (const { ask, write } of rows) {
      const holder = grants.get(ask);
      if (holder === undefined) continue;
      const order = orderOf(holder);
      if (order < newest) stale.add(write);
      else newest = order;
    }
  }
  const answered = [...history.writes.values()].flatMap(({ id, ask, sentAt, answer }) => {
    const holder = grants.get(ask);
    return holder === undefined || answer === undefined
      ? []
      : [{ id, lock: holder.lock, order: orderOf(holder), sentAt, ...answer, holder }];
  });
  const applied = answered.filter(({ status }) => status === 200).sort((a, b) => a.at - b.at);
  for (const write of applied) {
    for (const before of applied) {
      if (before.at >= write.sentAt) break;
      if (before.lock === write.lock && before.order > write.order) stale.add(write.id);
    }
  }
  const refused = answered.filter(({ code }) => code === "stale_fence");
  const wronglyRefused = refused.filter(({ sentAt, at, holder }) =>
    claimsOf(holder).some(({ from, to }) => from <= sentAt && at <= to)
  );
  return {
    stale: [...stale],
    refused: refused.length,
    wronglyRefused: wronglyRefused.map(({ id }) => id),
  };
}
