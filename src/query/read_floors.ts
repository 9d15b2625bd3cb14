import type { WriteListener } from "../cache/cache_manager.ts";
import type { WrittenPlace } from "../cache/cache_event.ts";
import type { Clock } from "../core/clock.ts";
import {
  formatPosition,
  type GtidPosition,
  joinPositions,
  parsePosition,
} from "../routing/gtid_position.ts";
import type { ShardState } from "../routing/topology.ts";
import type { TopologyView } from "../routing/topology_view.ts";
import type { Need } from "./session_reads.ts";
import { compareEpochs } from "./session_token.ts";

/** What is known of the writes that a read must see. */
interface Mark {
  epoch: string;
  position: GtidPosition | undefined;
  /** When the last of them was told of, on the clock's `now()`. */
  at: number;
  /** The same of those whose position is not known. */
  unknownAt: number;
}

interface Generation {
  readonly tags: Map<string, Mark>;
  /** All of the above together, by shard. */
  readonly shards: Map<string, Mark>;
}

/** For how long a write concerns only its own tags; a replica that is up has it long before. */
const GENERATION_MS = 5_000;
const MAX_TAGS = 50_000;

/**
 * What the next load of a tag must see of its shard: the writes that this isolate was told of.
 * A replica does for a load only if it is known to have them all.
 *
 * A write of the last seconds concerns its own tags, older ones every load of their shard, so that
 * what is kept is bounded. Where a position is not known, the first look at the primary that began
 * later gives one: what the primary had then includes the write.
 */
export class ReadFloors implements WriteListener {
  readonly #view: TopologyView;
  readonly #clock: Clock;
  readonly #general = new Map<string, Mark>();
  #young = generation();
  #old = generation();
  #turnAt = -Infinity;

  constructor(options: { readonly view: TopologyView; readonly clock: Clock }) {
    this.#view = options.view;
    this.#clock = options.clock;
    this.forget();
  }

  /** What a load of these tags must see of a shard. */
  need(shard: string, tags: readonly string[]): Need {
    const state = this.#view.shard(shard);
    let position: GtidPosition | undefined;
    const marks = [this.#general.get(shard)];
    if (this.#young.tags.size > 0 || this.#old.tags.size > 0) {
      for (const tag of tags) {
        const name = nameOf(shard, tag);
        marks.push(this.#young.tags.get(name), this.#old.tags.get(name));
      }
    }
    for (const mark of marks) {
      if (mark === undefined) continue;
      if (!settle(mark, { state, view: this.#view })) return "primary";
      if (mark.position === undefined) continue;
      position = position === undefined ? mark.position : joinPositions(position, mark.position);
      if (position === undefined) return "primary";
    }
    if (position === undefined) return undefined;
    return { shard, epoch: state.epoch, position, text: formatPosition(position) };
  }

  written(tags: readonly string[], place: WrittenPlace | undefined): void {
    const at = this.#clock.now();
    this.#turn(at);
    if (place !== undefined) return this.#raise(tags, place.shard, markOf(place, at));
    for (const { name, epoch } of this.#view.snapshot().shards) {
      this.#raise(tags, name, { epoch, position: undefined, at, unknownAt: at });
    }
  }

  forget(): void {
    const at = this.#clock.now();
    this.#young = generation();
    this.#old = generation();
    for (const { name, epoch } of this.#view.snapshot().shards) {
      this.#general.set(name, { epoch, position: undefined, at, unknownAt: at });
    }
  }

  #raise(tags: readonly string[], shard: string, mark: Mark): void {
    for (const tag of tags) raise(this.#young.tags, nameOf(shard, tag), mark);
    raise(this.#young.shards, shard, mark);
  }

  /** Lets the older half of the tags' marks become marks of their whole shards. */
  #turn(now: number): void {
    const due = now - this.#turnAt >= GENERATION_MS || this.#young.tags.size >= MAX_TAGS;
    if (!due) return;
    for (const [shard, mark] of this.#old.shards) raise(this.#general, shard, mark);
    this.#old = this.#young;
    this.#young = generation();
    this.#turnAt = now;
  }
}

function generation(): Generation {
  return { tags: new Map(), shards: new Map() };
}

function nameOf(shard: string, tag: string): string {
  return `${shard} ${tag}`;
}

function markOf({ epoch, position }: WrittenPlace, at: number): Mark {
  const known = position === "" ? undefined : parsePosition(position);
  return { epoch, position: known, at, unknownAt: known === undefined ? at : -Infinity };
}

function raise(marks: Map<string, Mark>, name: string, mark: Mark): void {
  const known = marks.get(name);
  marks.set(name, known === undefined ? { ...mark } : joinMarks(known, mark));
}

/** Positions of different epochs do not compare: then a look at the newer one's primary tells. */
function joinMarks(one: Mark, other: Mark): Mark {
  const at = Math.max(one.at, other.at);
  const unknownAt = Math.max(one.unknownAt, other.unknownAt);
  if (one.epoch !== other.epoch) {
    const newer = compareEpochs(one.epoch, other.epoch) > 0 ? one : other;
    return { ...newer, at, unknownAt: at };
  }
  const { epoch } = one;
  const [a, b] = [one.position, other.position];
  if (a === undefined || b === undefined) return { epoch, position: a ?? b, at, unknownAt };
  const position = joinPositions(a, b);
  // Of two forms: the next look at the primary tells in its own.
  return { epoch, position, at, unknownAt: position === undefined ? at : unknownAt };
}

/** Makes a mark's position known by a look at the present primary. @returns whether it is known */
function settle(
  mark: Mark,
  { state, view }: { readonly state: ShardState; readonly view: TopologyView },
): boolean {
  const moved = mark.epoch !== state.epoch;
  if (!moved && mark.unknownAt === -Infinity) return true;
  // A newer epoch than this isolate knows of: the primary that it knows is not the present one.
  if (compareEpochs(mark.epoch, state.epoch) > 0) return false;
  const primary = state.nodes.find(({ name }) => name === state.primary);
  const position = primary?.position === undefined ? undefined : parsePosition(primary.position);
  if (primary === undefined || position === undefined) return false;
  if (view.lookBegan(primary.name) <= (moved ? mark.at : mark.unknownAt)) return false;
  // What the primary had includes all that was committed there before, in whatever form that was told.
  mark.position = moved || mark.position === undefined
    ? position
    : joinPositions(mark.position, position) ?? position;
  mark.epoch = state.epoch;
  mark.unknownAt = -Infinity;
  return true;
}
