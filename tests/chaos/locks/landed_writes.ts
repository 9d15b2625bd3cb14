import type { Realm } from "../../../deploy/local/realm.ts";
import type { ContestedLock } from "./events.ts";

/** A write that is in its table. */
export interface LandedWrite {
  readonly ask: string;
  readonly write: string;
}

/** The writes under each lock, in the order in which they landed. */
export async function landedWrites(
  realm: Realm,
  locks: readonly ContestedLock[],
): Promise<Map<string, LandedWrite[]>> {
  const landed = new Map<string, LandedWrite[]>(locks.map(({ name }) => [name, []]));
  const names = locks.map(({ name }) => `'${name}'`).join();
  for (const { primary } of realm.stack.shards) {
    const rows = await primary.sql(
      `SELECT kind, JSON_VALUE(payload, '$.ask') AS ask, JSON_VALUE(payload, '$.write') AS w
         FROM event_log WHERE kind IN (${names}) ORDER BY id`,
    );
    for (const { kind, ask, w } of rows) {
      landed.get(String(kind))?.push({ ask: String(ask), write: String(w) });
    }
  }
  return landed;
}
