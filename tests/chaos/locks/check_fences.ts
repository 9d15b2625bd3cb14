import { claimsOf } from "./check_exclusion.ts";
import type { Granted, History } from "./history.ts";

/** Two grants of one lock whose fences are equal, or grow the other way than the grants. */
export interface FenceFault {
  readonly lock: string;
  readonly asks: readonly [string, string];
  readonly fences: readonly [string, string];
}

/**
 * Finds fences that two grants share, or that fell from a grant to a later one. One grant surely came
 * later than another if it was asked for after the other's answer had arrived; and where one holder
 * excludes the others, also if its client began to rely on it later: what a client relies on then,
 * the server has kept for it since before, so a grant that came first there would still hold.
 */
export function findFenceFaults(
  history: History,
  { exclusive }: { readonly exclusive: boolean },
): FenceFault[] {
  const found: FenceFault[] = [];
  for (const [lock, grants] of history.grantsByLock()) {
    const relied = new Map(grants.map((ask) => [ask.id, claimsOf(ask)[0]]));
    const isLater = (second: Granted, first: Granted) => {
      if (second.sentAt > first.grant.at) return true;
      const [one, two] = [relied.get(first.id), relied.get(second.id)];
      return exclusive && one !== undefined && two !== undefined && one.to <= two.from;
    };
    grants.forEach((second, at) => {
      for (const first of grants.slice(0, at)) {
        if (first.grant.token === second.grant.token) continue;
        const [low, high] = [BigInt(first.grant.fence), BigInt(second.grant.fence)];
        if (low !== high && !(low > high && isLater(second, first))) continue;
        found.push({
          lock,
          asks: [first.id, second.id],
          fences: [first.grant.fence, second.grant.fence],
        });
      }
    });
  }
  return found;
}
