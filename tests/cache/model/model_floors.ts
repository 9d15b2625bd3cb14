import type { WrittenPlace } from "../../../src/cache/cache_event.ts";
import type { WriteListener } from "../../../src/cache/cache_manager.ts";
import type { Clock } from "../../../src/core/clock.ts";
import type { ModelDatabase } from "./model_database.ts";

/** What is known of the writes that a read must see. */
interface Mark {
  position: number;
  /** When the last write was told of whose position is not known. */
  unknownAt: number;
}

/**
 * What loads must see: the positions of the writes that were told, and where one is not known, that
 * of the first look at the primary that began later.
 */
export class ModelFloors implements WriteListener {
  readonly #database: ModelDatabase;
  readonly #clock: Clock;
  readonly #tags = new Map<string, Mark>();
  readonly #general: Mark;

  constructor(database: ModelDatabase, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
    this.#general = { position: 0, unknownAt: clock.now() };
  }

  written(tags: readonly string[], place: WrittenPlace | undefined): void {
    const known = place === undefined || place.position === "" ? undefined : Number(place.position);
    for (const tag of tags) {
      const mark = this.#tags.get(tag) ?? { position: 0, unknownAt: -Infinity };
      if (known === undefined) mark.unknownAt = this.#clock.now();
      else mark.position = Math.max(mark.position, known);
      this.#tags.set(tag, mark);
    }
  }

  forget(): void {
    this.#tags.clear();
    this.#general.unknownAt = this.#clock.now();
  }

  /** The position that a replica must have for a load of these tags; `undefined` for the primary. */
  need(tags: readonly string[]): number | undefined {
    let position = 0;
    for (const mark of [this.#general, ...tags.map((tag) => this.#tags.get(tag))]) {
      if (mark === undefined) continue;
      if (!this.#settle(mark)) return undefined;
      position = Math.max(position, mark.position);
    }
    return position;
  }

  #settle(mark: Mark): boolean {
    if (mark.unknownAt === -Infinity) return true;
    const { look } = this.#database;
    if (look === undefined || look.beganAt <= mark.unknownAt) return false;
    mark.position = Math.max(mark.position, look.primary);
    mark.unknownAt = -Infinity;
    return true;
  }
}
