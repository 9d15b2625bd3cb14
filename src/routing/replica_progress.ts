import { type GtidPosition, hasReached, joinPositions, parsePosition } from "./gtid_position.ts";
import type { TopologyView } from "./topology_view.ts";

/** What a read must see of a shard: all up to a position in one epoch of it. */
export interface Floor {
  readonly shard: string;
  readonly epoch: string;
  readonly position: GtidPosition;
  /** The position as text. */
  readonly text: string;
}

interface ShardProgress {
  /** The view's version that this was brought up to. */
  version: number;
  epoch: string;
  /** What each healthy replica has applied at least. */
  readonly known: Map<string, { readonly told: string | undefined; readonly at: GtidPosition }>;
}

/**
 * What an isolate knows of how far replicas are: the furthest that the prober's looks and the
 * isolate's own waits have found. A replica that is out is forgotten, for it may come back with less,
 * and so are all of a shard when its epoch changes.
 */
export class ReplicaProgress {
  readonly #view: TopologyView;
  readonly #shards = new Map<string, ShardProgress>();

  constructor(options: { readonly view: TopologyView }) {
    this.#view = options.view;
  }

  /** Whether a replica is known to have applied all that a read must see. */
  reached(node: string, floor: Floor): boolean {
    const progress = this.#of(floor.shard);
    const at = progress.epoch === floor.epoch ? progress.known.get(node)?.at : undefined;
    return at !== undefined && hasReached(at, floor.position);
  }

  /** Takes over where a replica said that it is, when it was asked within the floor's epoch. */
  note(node: string, seen: { readonly floor: Floor; readonly position: GtidPosition }): void {
    const progress = this.#of(seen.floor.shard);
    if (progress.epoch === seen.floor.epoch) learn(progress, node, { at: seen.position });
  }

  #of(shard: string): ShardProgress {
    let progress = this.#shards.get(shard);
    if (progress === undefined) {
      progress = { version: -1, epoch: "", known: new Map() };
      this.#shards.set(shard, progress);
    }
    if (progress.version === this.#view.version) return progress;
    const { epoch, nodes } = this.#view.shard(shard);
    progress.version = this.#view.version;
    if (progress.epoch !== epoch) progress.known.clear();
    progress.epoch = epoch;
    for (const { name, role, ejected, position } of nodes) {
      if (role !== "replica" || ejected !== undefined) progress.known.delete(name);
      else if (position !== undefined && progress.known.get(name)?.told !== position) {
        const at = parsePosition(position);
        if (at !== undefined) learn(progress, name, { at, told: position });
      }
    }
    return progress;
  }
}

function learn(
  progress: ShardProgress,
  node: string,
  seen: { readonly at: GtidPosition; readonly told?: string },
): void {
  const known = progress.known.get(node);
  const at = known === undefined ? seen.at : joinPositions(known.at, seen.at) ?? seen.at;
  progress.known.set(node, { told: seen.told ?? known?.told, at });
}
