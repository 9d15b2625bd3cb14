/** The newest transaction of one replication domain: which server wrote it, and its number there. */
export interface Gtid {
  readonly server: string;
  readonly sequence: bigint;
}

/** How far a MariaDB server is, by domain. */
export type MariadbGtids = ReadonlyMap<string, Gtid>;

const GTID = /^(\d{1,10})-(\d{1,10})-(\d{1,20})$/;

/**
 * Reads a position as MariaDB writes it, such as `0-1-100,7-3-5`; empty text is one of no domain.
 *
 * @returns `undefined` if it is not one, such as MySQL's sets
 */
export function parseMariadbGtids(text: string): MariadbGtids | undefined {
  const position = new Map<string, Gtid>();
  if (text === "") return position;
  for (const part of text.split(",")) {
    const [, domain, server, sequence] = GTID.exec(part) ?? [];
    if (domain === undefined || server === undefined || sequence === undefined) return undefined;
    raise(position, domain, { server, sequence: BigInt(sequence) });
  }
  return position;
}

/** A position as MariaDB reads it; its domains in order. */
export function formatMariadbGtids(position: MariadbGtids): string {
  return [...position].sort(([a], [b]) => Number(a) - Number(b))
    .map(([domain, { server, sequence }]) => `${domain}-${server}-${sequence}`).join(",");
}

/** The least position that is not before either. */
export function joinMariadbGtids(one: MariadbGtids, other: MariadbGtids): MariadbGtids {
  const joined = new Map(one);
  for (const [domain, gtid] of other) raise(joined, domain, gtid);
  return joined;
}

/**
 * Whether a server that is at `position` has certainly applied all up to `floor`. Numbers of
 * different servers do not compare: after a fail-over that lost transactions, the new primary gives
 * their numbers to others. MariaDB's own `MASTER_GTID_WAIT` looks at the numbers alone.
 */
export function includesMariadbGtids(position: MariadbGtids, floor: MariadbGtids): boolean {
  for (const [domain, { server, sequence }] of floor) {
    const at = position.get(domain);
    if (at === undefined || at.server !== server || at.sequence < sequence) return false;
  }
  return true;
}

function raise(position: Map<string, Gtid>, domain: string, gtid: Gtid): void {
  const known = position.get(domain);
  if (known === undefined || isAfter(gtid, known)) position.set(domain, gtid);
}

/** By the number, then by the server, so that it does not matter which of two is joined to which. */
function isAfter(a: Gtid, b: Gtid): boolean {
  return a.sequence === b.sequence ? a.server > b.server : a.sequence > b.sequence;
}
