import type { Clock } from "../core/clock.ts";
import { RealmgateError } from "../core/errors.ts";
import type { Scope } from "../core/scope.ts";
import type { Trace } from "../core/telemetry.ts";
import { EndedError, untilEnd } from "../core/until_end.ts";
import { type RedisClient, redisScript } from "../drivers/redis.ts";
import { InterruptedError } from "../pool/interrupted_error.ts";
import { firstIdOf, ID_EPOCH_S, IDS_PER_MICROSECOND, LAST_MICROSECOND } from "./id_layout.ts";

/** What an {@linkcode IdSource} is made of. */
export interface IdSourceOptions {
  /** The fleet's name: ids are unique within it. */
  readonly fleet: string;
  readonly redis: Pick<RedisClient, "run">;
  readonly clock: Pick<Clock, "now">;
}

/** How long ids are taken from the same microseconds, so that they are roughly in order of time. */
const FRESH_MS = 1_000;
/** Microseconds that are taken at once: 16,384 ids, which is how many are left when Redis goes. */
const TAKEN_MICROSECONDS = 4;

// Gives out each microsecond once: the next one that nobody has, or the present one if that is later.
// The caller may know of later ones than Redis does, when Redis lost its state.
const TAKE = redisScript(
  `
local time = redis.call("TIME")
local now = (time[1] - tonumber(ARGV[3])) * 1000000 + time[2]
local last = math.max(tonumber(redis.call("GET", KEYS[1]) or 0), tonumber(ARGV[1]))
local first = math.max(last + 1, now)
local after = first + tonumber(ARGV[2])
if after - 1 > tonumber(ARGV[4]) then return false end
redis.call("SET", KEYS[1], string.format("%.0f", after - 1))
return string.format("%.0f", first)
`,
  "id.take",
);

/**
 * Makes the ids of `default=id()`, for one isolate. It takes a few microseconds of Redis's clock, that
 * Redis gives to nobody else, and counts through the ids that they have; each second that ids are
 * asked for it takes new ones. No clock and no number of its own is part of an id, so that neither a
 * restart, nor a clock that is set, nor a process that was stopped can make one twice.
 *
 * Two ids are never the same as long as Redis keeps its state, and ids of one isolate always grow. A
 * Redis that lost its state goes on by its clock, which must not be behind the last one's then.
 */
export class IdSource {
  readonly #options: IdSourceOptions;
  #next = 0n;
  #end = 0n;
  #takenAt = -Infinity;
  /** The last microsecond that was taken here. */
  #last = 0;
  #taking: Promise<void> | undefined;

  constructor(options: IdSourceOptions) {
    this.#options = options;
  }

  /**
   * So many new ids, in decimal digits. While Redis does not answer they come from what was taken
   * before.
   *
   * @throws {RealmgateError} `redis_unavailable` once nothing of that is left
   * @throws {InterruptedError} if the scope ends first
   */
  async take(count: number, scope: Scope): Promise<readonly string[]> {
    while (!this.#fresh || this.#left < count) {
      try {
        await untilEnd(scope, this.#taking ??= this.#refill(scope.trace));
      } catch (error) {
        if (error instanceof EndedError) throw new InterruptedError(error.end, "not_applied");
        if (!(error instanceof RealmgateError)) throw error;
        if (this.#left < count) throw noIds(error);
        break;
      }
    }
    const ids: string[] = [];
    for (let made = 0; made < count; made++) ids.push(String(this.#next++));
    return ids;
  }

  get #left(): number {
    return Number(this.#end - this.#next);
  }

  get #fresh(): boolean {
    return this.#options.clock.now() - this.#takenAt < FRESH_MS;
  }

  async #refill(trace: Trace | undefined): Promise<void> {
    const { fleet, redis, clock } = this.#options;
    try {
      const first = await redis.run(TAKE, {
        keys: [`{${fleet}}:ids`],
        args: [this.#last, TAKEN_MICROSECONDS, ID_EPOCH_S, LAST_MICROSECOND],
        trace,
      });
      if (typeof first !== "string") {
        throw new RealmgateError("redis_unavailable", "Redis's clock is past the last id, of 2097");
      }
      this.#last = Number(first) + TAKEN_MICROSECONDS - 1;
      this.#next = firstIdOf(Number(first));
      this.#end = this.#next + BigInt(TAKEN_MICROSECONDS * IDS_PER_MICROSECOND);
      this.#takenAt = clock.now();
    } finally {
      this.#taking = undefined;
    }
  }
}

function noIds(cause: RealmgateError): RealmgateError {
  return new RealmgateError(
    "redis_unavailable",
    "Cannot make an id: Redis does not answer; send the call again, or with an id of your own",
    { retryAfterMs: 1_000, cause },
  );
}
