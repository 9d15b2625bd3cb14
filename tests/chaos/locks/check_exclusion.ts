import type { Claim, Granted, History } from "./history.ts";

/** Two clients that relied on one lock at one time. */
export interface Overlap {
  readonly lock: string;
  readonly asks: readonly [string, string];
  readonly ms: number;
}

/** The times in which a client relied on its grant, up to where it stopped. */
export function claimsOf({ grant }: Granted): Claim[] {
  const end = grant.endedAt ?? Infinity;
  return grant.claims.map(({ from, to }) => ({ from, to: Math.min(to, end) }))
    .filter(({ from, to }) => to > from);
}

/** Finds every two clients that relied on one lock at one time. */
export function findOverlaps(history: History): Overlap[] {
  const found: Overlap[] = [];
  for (const [lock, grants] of history.grantsByLock()) {
    const claims = grants.flatMap((ask) => claimsOf(ask).map((claim) => ({ ...claim, ask })))
      .sort((a, b) => a.from - b.from);
    const pairs = new Set<string>();
    claims.forEach((first, at) => {
      for (const second of claims.slice(at + 1)) {
        if (second.from >= first.to) break;
        const asks: [string, string] = [first.ask.id, second.ask.id];
        if (first.ask.grant.token === second.ask.grant.token || pairs.has(asks.join())) continue;
        pairs.add(asks.join());
        found.push({ lock, asks, ms: Math.min(first.to, second.to) - second.from });
      }
    });
  }
  return found;
}
