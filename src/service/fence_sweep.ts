import type { Config } from "../config/schema.ts";
import { RealmgateError } from "../core/errors.ts";
import { ScopeWatch } from "../core/scope.ts";
import { SqlError } from "../drivers/mysql.ts";
import type { Exclusive } from "../locks/fleet_duty.ts";
import type { Held } from "../locks/held_lock.ts";
import type { ShardSpec, TopologySnapshot } from "../routing/topology.ts";
import type { World } from "./isolate.ts";
import { shardSpecs, targetOf } from "./settings.ts";

/** What a sweep needs. */
export interface FenceSweepOptions {
  readonly config: Config;
  readonly ca: string | undefined;
  readonly world: World;
  readonly locks: Exclusive;
  readonly topology: TopologySnapshot;
}

const LOCK = "realmgate:fence-sweep";
const LOCK_TTL_MS = 10_000;
/** How long one shard may take. */
const SHARD_TIMEOUT_MS = 30_000;
/** Rows per statement: each is one transaction, which replicas apply as one. */
const SLICE_ROWS = 1_000;
/** Statements per shard and sweep; what is left then waits for the next one. */
const MAX_SLICES = 10;

// By the index on used_at, so that it meets no row that is in use.
const DELETE = "DELETE FROM realmgate_fences WHERE used_at < UTC_TIMESTAMP() - INTERVAL 7 DAY " +
  `ORDER BY used_at LIMIT ${SLICE_ROWS}`;

/**
 * Deletes, on each shard's primary, the fences that no write has carried for 7 days; one process of
 * the fleet at a time. A shard that cannot be swept is left out with a line in the log. Never fails.
 */
export async function sweepFences(options: FenceSweepOptions): Promise<void> {
  const { world: { clock, log }, locks } = options;
  const watch = new ScopeWatch({ clock, tickMs: 100 });
  try {
    await locks.withLock(LOCK, { ttlMs: LOCK_TTL_MS }, async (held) => {
      for (const shard of shardSpecs(options.config)) {
        if (held.lost) return;
        await sweepShard(shard, { ...options, watch, held });
      }
    });
  } catch (error) {
    if (!(error instanceof RealmgateError)) throw error;
    log.warn("fences not swept", { error });
  } finally {
    watch.close();
  }
}

async function sweepShard(
  shard: ShardSpec,
  options: FenceSweepOptions & { readonly watch: ScopeWatch; readonly held: Held },
): Promise<void> {
  const { config, ca, world, topology, watch, held } = options;
  const state = topology.shards.find(({ name }) => name === shard.name);
  const node = shard.nodes.find(({ name }) => name === state?.primary);
  if (node === undefined) {
    return world.log.warn("fences not swept", { shard: shard.name, why: state?.why });
  }
  const scope = watch.open({ timeoutMs: SHARD_TIMEOUT_MS });
  try {
    const session = await world.driver.connect(targetOf({ config, node, ca }), scope);
    const destroy = () => session.destroy();
    scope.onEnd(destroy);
    let deleted = 0;
    try {
      for (let slice = 0; slice < MAX_SLICES && !held.lost; slice++) {
        const answer = await session.query(DELETE);
        const rows = answer.kind === "ok" ? answer.affectedRows : 0;
        deleted += rows;
        if (rows < SLICE_ROWS) break;
      }
    } finally {
      await session.end();
      scope.offEnd(destroy);
      if (deleted > 0) world.log.info("fences swept", { shard: shard.name, deleted });
    }
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    world.log.warn("fences not swept", { shard: shard.name, node: node.name, error });
  } finally {
    scope.close();
  }
}
