import type { Intent } from "../cache/cache_event.ts";
import type { CoherenceLog } from "../cache/coherence_log.ts";
import type { Clock } from "../core/clock.ts";

/** An intent that nobody has settled in time. */
export interface OverdueIntent extends Intent {
  /** For how long this process has known that, in milliseconds. */
  readonly overdueMs: number;
  /** How old it is at least: its time was over when it was first seen. */
  readonly ageMs: number;
}

/** What follows overdue intents. */
export interface OverdueIntentsOptions {
  readonly events: Pick<CoherenceLog, "overdue">;
  readonly clock: Clock;
  /** How long a writer that lives has to tell by itself. */
  readonly graceMs: number;
}

/**
 * The fleet's overdue intents, as this process has followed them. A writer that lives gets some time
 * to tell how its write ended, be it after Redis was away for everybody: its session would be killed
 * though it may be at work for somebody else by now.
 */
export class OverdueIntents {
  readonly #options: OverdueIntentsOptions;
  /** When each was first seen. */
  #seen: ReadonlyMap<string, number> = new Map();

  constructor(options: OverdueIntentsOptions) {
    this.#options = options;
  }

  /** Those that somebody has to settle now. @throws {RealmgateError} `redis_unavailable` */
  async due(): Promise<OverdueIntent[]> {
    const { events, clock, graceMs } = this.#options;
    const intents = await events.overdue();
    const now = clock.now();
    this.#seen = new Map(intents.map(({ id }) => [id, this.#seen.get(id) ?? now]));
    return intents.map((intent) => {
      const overdueMs = now - (this.#seen.get(intent.id) ?? now);
      return { ...intent, overdueMs, ageMs: intent.limitMs + overdueMs };
    }).filter(({ overdueMs }) => overdueMs >= graceMs);
  }
}
