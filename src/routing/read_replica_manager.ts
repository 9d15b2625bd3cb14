import { RealmgateError } from "../core/errors.ts";
import type { ShardSpec, ShardState } from "./topology.ts";
import type { TopologyView } from "./topology_view.ts";
import { weightedRotation } from "./weighted_rotation.ts";

/** What a {@linkcode ReadReplicaManager} is made of. */
export interface ReadReplicaManagerOptions {
  readonly shards: readonly ShardSpec[];
  readonly view: TopologyView;
  /** Whether reads may go to the primary when no replica may take them. */
  readonly fallbackToPrimary: boolean;
}

interface Rotation {
  readonly weights: ReadonlyMap<string, number>;
  /** The view's version that `turns` was made for. */
  version: number;
  /** The names whose turn it is, in order; empty if no replica may read. */
  turns: readonly string[];
  /** The healthy replicas behind `turns`, to see whether they changed. */
  healthy: string;
  next: number;
}

/**
 * Picks the node for a read: the shard's healthy replicas in turn, each as often as its weight
 * says. A node is healthy if the isolate's view has it up, replicating and caught up, and no
 * request of the isolate has found it broken since. A pick allocates nothing and never waits.
 *
 * @example
 * ```ts
 * import { ReadReplicaManager } from "./read_replica_manager.ts";
 * import { TopologyView } from "./topology_view.ts";
 * import { systemClock } from "../core/clock.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const node = { name: "s1a", shard: "s1", host: "10.0.0.1", port: 3306, weight: 1 };
 * const shards = [{ name: "s1", role: "auto", nodes: [node] }] as const;
 * const view = new TopologyView({ shards, clock: systemClock });
 * const replicas = new ReadReplicaManager({ shards, view, fallbackToPrimary: true });
 * view.apply({ at: 1, shards: [{ ...view.shard("s1"), primary: "s1a", status: "ok" }] });
 * assertEquals(replicas.pick("s1"), "s1a");
 * ```
 */
export class ReadReplicaManager {
  readonly #view: TopologyView;
  readonly #fallbackToPrimary: boolean;
  readonly #rotations = new Map<string, Rotation>();

  constructor(options: ReadReplicaManagerOptions) {
    this.#view = options.view;
    this.#fallbackToPrimary = options.fallbackToPrimary;
    for (const { name, nodes } of options.shards) {
      const weights = new Map(nodes.map((node) => [node.name, node.weight]));
      this.#rotations.set(name, { weights, version: -1, turns: [], healthy: "", next: 0 });
    }
  }

  /**
   * The node for the next read of `shard`. With no replica to read from, it is the primary: where
   * the policy allows that, or where the shard has no replica at all.
   *
   * @param options.except a node not to pick: the one that a retry comes from
   * @throws {RealmgateError} `shard_unavailable` if no node may take the read
   */
  pick(shard: string, options?: { readonly except?: string }): string {
    const rotation = this.#rotationOf(shard);
    const { turns } = rotation;
    const except = options?.except;
    for (let tries = 0; tries < turns.length; tries++) {
      const node = turns[rotation.next];
      rotation.next = rotation.next + 1 < turns.length ? rotation.next + 1 : 0;
      if (node !== undefined && node !== except) return node;
    }
    const { primary } = this.#view.shard(shard);
    if (primary !== null && primary !== except && this.#fallsBack(rotation)) return primary;
    throw new RealmgateError(
      "shard_unavailable",
      `Cannot read from shard ${shard}: no node of it may take reads now`,
      { retryAfterMs: 1_000, extra: { shard } },
    );
  }

  /**
   * The next healthy replica of `shard` in turn that passes the test, or `undefined` if none does.
   *
   * @throws {TypeError} if there is no such shard
   */
  pickWhere(shard: string, test: (node: string) => boolean): string | undefined {
    const rotation = this.#rotationOf(shard);
    const { turns, next } = rotation;
    for (let tries = 0; tries < turns.length; tries++) {
      const at = (next + tries) % turns.length;
      const node = turns[at];
      if (node === undefined || !test(node)) continue;
      rotation.next = (at + 1) % turns.length;
      return node;
    }
    return undefined;
  }

  /**
   * Who takes the reads of `shard` that need no primary: replicas, or the primary for want of them, or
   * nobody where the policy does not allow that.
   *
   * @param options.except a node to leave out of account
   * @throws {TypeError} if there is no such shard
   */
  readersOf(
    shard: string,
    options: { readonly except: string },
  ): "replicas" | "primary" | "nobody" {
    const rotation = this.#rotationOf(shard);
    if (rotation.turns.some((node) => node !== options.except)) return "replicas";
    return this.#fallsBack(rotation) ? "primary" : "nobody";
  }

  #fallsBack({ weights }: Rotation): boolean {
    return this.#fallbackToPrimary || weights.size === 1;
  }

  #rotationOf(shard: string): Rotation {
    const rotation = this.#rotations.get(shard);
    if (rotation === undefined) {
      throw new TypeError(
        `Cannot pick a replica: the shard must be configured, received "${shard}"`,
      );
    }
    if (rotation.version !== this.#view.version) this.#renew(rotation, this.#view.shard(shard));
    return rotation;
  }

  #renew(rotation: Rotation, state: ShardState): void {
    rotation.version = this.#view.version;
    const weights = new Map<string, number>();
    for (const node of state.nodes) {
      const weight = rotation.weights.get(node.name) ?? 0;
      if (node.role === "replica" && node.ejected === undefined && weight > 0) {
        weights.set(node.name, weight);
      }
    }
    const healthy = [...weights.keys()].join(" ");
    if (healthy === rotation.healthy) return;
    rotation.healthy = healthy;
    rotation.turns = weightedRotation(weights);
    rotation.next = 0;
  }
}
