import { RealmgateError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { SqlError } from "../drivers/mysql.ts";

/**
 * Says in the log what cannot be done: once, not each time that it fails, and again when it fails
 * for another reason.
 */
export class Troubles {
  readonly #log: Log;
  readonly #message: string;
  readonly #known = new Map<string, string>();

  constructor(log: Log, message: string) {
    this.#log = log;
    this.#message = message;
  }

  /** Something failed at `place`; `why` is a sentence or an error. */
  tell(place: string, why: unknown, fields: Readonly<Record<string, unknown>>): void {
    const sign = why instanceof SqlError ? `${why.kind} ${why.errno}` : String(why);
    if (this.#known.get(place) === sign) return;
    this.#known.set(place, sign);
    this.#log.warn(this.#message, {
      ...fields,
      ...(typeof why === "string" ? { why } : { error: why }),
    });
  }

  /** It went well at `place`. */
  over(place: string): void {
    this.#known.delete(place);
  }
}

/** Whether something failed only because Redis is away, which its client says itself. */
export function isRedisAway(error: unknown): boolean {
  return error instanceof RealmgateError && error.code === "redis_unavailable";
}
