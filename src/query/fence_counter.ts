import type { Scope } from "../core/scope.ts";
import type { ShardManager } from "../routing/shard_manager.ts";
import { asUnsent } from "./failure.ts";
import { drawFence } from "./fence_table.ts";
import { type PrimaryParts, type PrimaryWork, PrimaryWriter } from "./primary_writer.ts";

/** What a counter works with; it owns none of it. */
export interface FenceCounterParts extends PrimaryParts {
  readonly shards: ShardManager;
}

interface Draw {
  readonly lock: string;
  readonly shard: string;
  readonly scope: Scope;
}

const DRAWING: PrimaryWork<Draw, string> = {
  shardOf: ({ shard }) => shard,
  labelOf: ({ lock }) => `the fence counter of ${lock}`,
  repeats: () => true,
  run: (lease, draw) =>
    drawFence(lease, draw).catch((error: unknown) => {
      throw asUnsent(error);
    }),
};

/**
 * Fence numbers that a database remembers, whatever becomes of Redis. Each is recorded on its shard
 * as it is drawn, so fenced writes there are refused to every holder before.
 *
 * Numbers of one lock grow as long as the shard keeps what it acknowledged; where it does not, as
 * after the fail-over of an asynchronous replica, they still do so by the new primary's clock, in
 * microseconds since 1970.
 */
export class FenceCounter {
  readonly #shards: ShardManager;
  readonly #writer: PrimaryWriter;

  constructor(parts: FenceCounterParts) {
    this.#shards = parts.shards;
    this.#writer = new PrimaryWriter(parts);
  }

  /** The shard that counts for a lock. */
  shardOf(lock: string): string {
    return this.#shards.shardForName(lock);
  }

  /**
   * The lock's next number: greater than all that were drawn for it or recorded on the shard. A lost
   * answer is asked for again, for a number that nobody got does no harm.
   *
   * @param options.shard where it is counted: always the same one for a lock
   * @throws {RealmgateError} `no_primary`, `shard_unavailable`, `statement_unavailable` where the
   * shard lacks the table, …; its outcome is always `not_applied`
   * @throws {InterruptedError} if the scope ended
   */
  async next(
    lock: string,
    options: { readonly shard: string; readonly scope: Scope },
  ): Promise<string> {
    const { result } = await this.#writer.write({ lock, ...options }, DRAWING);
    return result;
  }
}
