import type { Clock } from "../core/clock.ts";
import { type RedisClient, redisScript } from "../drivers/redis.ts";
import { decidePrimacy, GAP_MS, NO_PRIMACY, type Primacy, QUIET_MS } from "./primacy.ts";

/** How often a shard's heartbeat row is written, by whichever process comes first. */
const BEAT_MS = 900;

/** What an {@linkcode EpochStore} is made of. */
export interface EpochStoreOptions {
  /** The fleet's name; processes of one fleet share their primaries. */
  readonly fleet: string;
  readonly redis: RedisClient;
  readonly clock: Clock;
}

/** What the store says to a report. */
export interface Agreed {
  readonly primacy: Primacy;
  /** Whether the caller is the one to write the next heartbeat row. */
  readonly beat: boolean;
}

// The rule of primacy.ts. A caller may know a newer epoch than Redis does, when Redis lost its
// state or could not be reached while primaries changed: the newest epoch wins.
const OBSERVE = redisScript(`
local time = redis.call("TIME")
local now = time[1] * 1000000 + time[2]
local quiet, gap, every = tonumber(ARGV[1]) * 1000, tonumber(ARGV[2]) * 1000, tonumber(ARGV[3]) * 1000
local known = redis.call("HMGET", KEYS[1], "primary", "epoch", "unseen", "heard", "beat")
local primary, epoch = known[1] or "", tonumber(known[2] or 0)
local unseen, heard = tonumber(known[3] or 0), tonumber(known[4] or 0)
local beat = tonumber(known[5] or 0)
if tonumber(ARGV[5]) > epoch then
  primary, epoch, unseen = ARGV[4], tonumber(ARGV[5]), 0
end
local seen = false
for i = 7, #ARGV do seen = seen or ARGV[i] == primary end
if seen then
  unseen = 0
else
  unseen = math.min(unseen + math.min(math.max(now - heard, 0), gap), quiet)
  if #ARGV == 7 and (primary == "" or unseen >= quiet) then
    primary, epoch, unseen = ARGV[7], math.max(epoch + 1, now), 0
  end
end
local due = 0
if ARGV[6] == "1" and math.abs(now - beat) >= every then
  due, beat = 1, now
end
local digits = function(number) return string.format("%.0f", number) end
redis.call("HSET", KEYS[1], "primary", primary, "epoch", digits(epoch), "unseen", digits(unseen),
  "heard", digits(now), "beat", digits(beat))
return {primary, digits(epoch), digits(unseen), due}
`);

/**
 * Each shard's primary and epoch, agreed on by the fleet in Redis. While Redis is away each process
 * decides for itself, by the same rule and from what it knew; when Redis is back the newest epoch
 * wins, so that nobody goes back.
 */
export class EpochStore {
  readonly #options: EpochStoreOptions;
  readonly #known = new Map<string, Primacy>();
  readonly #beatAt = new Map<string, number>();

  constructor(options: EpochStoreOptions) {
    this.#options = options;
  }

  /**
   * Reports which nodes of a shard are writable; returns who is primary now. Never fails. One
   * report of a shard at a time.
   *
   * @param report.canBeat whether the caller can write a heartbeat row
   */
  async observe(
    shard: string,
    report: { readonly writable: readonly string[]; readonly canBeat: boolean },
  ): Promise<Agreed> {
    const known = this.#known.get(shard) ?? NO_PRIMACY;
    const agreed = await this.#ask(shard, { ...report, known }) ??
      this.#decide(shard, { ...report, known });
    // Others may have been heard of a newer epoch while Redis was asked.
    const heard = this.#known.get(shard) ?? NO_PRIMACY;
    const primacy = heard.epoch > agreed.primacy.epoch ? heard : agreed.primacy;
    this.#known.set(shard, primacy);
    return { ...agreed, primacy };
  }

  /**
   * Takes over what another process agreed on, so that this one goes on from there should it have to
   * decide alone. An older epoch changes nothing. Time passes from now on: a process that only
   * listened has not looked in vain.
   *
   * @returns what is known now
   */
  learn(shard: string, told: Omit<Primacy, "heardAt">): Primacy {
    const known = this.#known.get(shard) ?? NO_PRIMACY;
    if (told.epoch < known.epoch) return known;
    const primacy = { ...told, heardAt: this.#options.clock.now() };
    this.#known.set(shard, primacy);
    return primacy;
  }

  async #ask(
    shard: string,
    report: {
      readonly writable: readonly string[];
      readonly canBeat: boolean;
      readonly known: Primacy;
    },
  ): Promise<Agreed | undefined> {
    const { fleet, redis, clock } = this.#options;
    if (redis.state === "down") return undefined;
    const { known, writable, canBeat } = report;
    try {
      const reply = await redis.run(OBSERVE, {
        keys: [`{${fleet}}:topology:${shard}`],
        args: [
          ...[QUIET_MS, GAP_MS, BEAT_MS],
          ...[known.primary ?? "", known.epoch, canBeat ? 1 : 0],
          ...writable,
        ],
      });
      const [primary, epoch, unseen, due] = reply as [string, string, string, number];
      return {
        primacy: {
          primary: primary === "" ? null : primary,
          epoch: Number(epoch),
          unseenMs: Number(unseen) / 1_000,
          heardAt: clock.now(),
        },
        beat: due === 1,
      };
    } catch {
      // The client says in the log when Redis is away.
      return undefined;
    }
  }

  #decide(
    shard: string,
    report: {
      readonly writable: readonly string[];
      readonly canBeat: boolean;
      readonly known: Primacy;
    },
  ): Agreed {
    const { clock } = this.#options;
    const [now, wallMs] = [clock.now(), clock.wallMs()];
    const beat = report.canBeat && now - (this.#beatAt.get(shard) ?? -Infinity) >= BEAT_MS;
    if (beat) this.#beatAt.set(shard, now);
    return {
      primacy: decidePrimacy(report.known, { writable: report.writable, now, wallMs }),
      beat,
    };
  }
}
