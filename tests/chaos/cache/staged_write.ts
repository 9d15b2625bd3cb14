import type { MariadbServer } from "../../../deploy/local/mariadb_server.ts";
import { eventually } from "../../support/eventually.ts";
import { lockRow, type RowLock } from "../../support/row_lock.ts";
import { pause } from "../support/pause.ts";
import type { Episode } from "./episode.ts";
import type { Stage } from "./fault.ts";
import type { WriteOutcome } from "./gateway.ts";
import { GROUPED, PLAIN } from "./statements.ts";
import { shardOf } from "./shard_of.ts";

/** After that a write whose process was killed counts as never applied. */
const SETTLED_MS = 3_000;
/** How long past the bound such a key is left alone in half the cases. */
const PAST_BOUND_MS = 300;

/** A write that a fault sends itself, at a key that all isolates have in their caches. */
export interface StagedWrite {
  readonly episode: Episode;
  /** The version that its key surely had before. */
  readonly before: number;
  /** Once it was sent. */
  readonly outcome: Promise<WriteOutcome>;
}

/** Makes keys that everybody has read, half of which nobody reads again until the bound is over. */
export function stageKeys(
  { load }: Stage,
  options: { readonly count: number; readonly boundMs: number },
): Promise<Episode[]> {
  const { count, boundMs } = options;
  return Promise.all(
    Array.from({ length: count }, (_, n) =>
      load.stage({
        route: n % 4 < 2 ? PLAIN : GROUPED,
        quietMs: n % 2 === 0 ? 0 : boundMs + PAST_BOUND_MS,
      })),
  );
}

/** Sends the writes of some keys through one process: all at once, or one after the other. */
export function sendWrites(
  { load }: Stage,
  options: {
    readonly episodes: readonly Episode[];
    readonly process: number;
    /** @default {0} */
    readonly apartMs?: number;
  },
): StagedWrite[] {
  const { episodes, process, apartMs = 0 } = options;
  return episodes.map((episode, at) => {
    const client = load.client(`staged-${episode.key}`, process);
    const before = load.versionOf(episode.key) ?? 0;
    episode.writing();
    const outcome = pause(at * apartMs)
      .then(() => client.write(episode.key, episode.plan.route))
      .finally(() => client.close());
    return { episode, before, outcome };
  });
}

/** Locks the rows of some keys on their primaries. */
export async function lockRows(
  { arena }: Stage,
  episodes: readonly Episode[],
): Promise<{ readonly locks: readonly RowLock[]; release(): Promise<void> }> {
  const locks = await Promise.all(
    episodes.map(({ key }) => lockRow(shardOf(arena, key).primary, key)),
  );
  return {
    locks,
    async release() {
      await Promise.all(locks.map((lock) => lock.release()));
    },
  };
}

/** Waits until so many writes of the fleet wait for rows that are locked. */
export async function heldByLocks({ arena }: Stage, writes: number): Promise<void> {
  const waiting = async ({ primary }: { readonly primary: MariadbServer }) => {
    // innodb_trx does not change for whoever looks at it more often than each 100 ms.
    const [row] = await primary.sql("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'");
    return Number(row?.["Value"]);
  };
  await eventually(async () => {
    const counts = await Promise.all(arena.realm.stack.shards.map(waiting));
    return counts.reduce((sum, n) => sum + n, 0) >= writes;
  }, { what: "the writes to wait for their rows" });
}

/**
 * Finds out through another process which of the writes were applied, as soon as they are; returns
 * how many. From then on their keys are watched.
 */
export async function settleWrites(
  { load, clock }: Stage,
  options: { readonly writes: readonly StagedWrite[]; readonly process: number },
): Promise<number> {
  const applied = await Promise.all(options.writes.map(async ({ episode, before }) => {
    const { key, plan: { route } } = episode;
    const client = load.client(`settling-${key}`, options.process);
    let changed = false;
    for (const giveUpAt = clock() + SETTLED_MS; !changed && clock() < giveUpAt;) {
      changed = (await client.prove(key, route) ?? 0) > before;
      if (!changed) await pause(20);
    }
    client.close();
    episode.written(clock());
    return changed;
  }));
  return applied.filter((changed) => changed).length;
}
