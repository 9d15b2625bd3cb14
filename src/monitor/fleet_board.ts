import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { type RedisClient, redisScript } from "../drivers/redis.ts";
import type { ServerFacts } from "./db_health_status.ts";
import type { ProcessReport } from "./fleet_view.ts";
import type { PhasePairs } from "./latency_pairs.ts";
import type { SlowSample } from "./statement_metrics.ts";
import type { StatementTotal } from "./statement_totals.ts";

/** What a process tells the others of the fleet. */
export interface ProcessBulletin {
  readonly process: Omit<ProcessReport, "state" | "ageMs">;
  /** With their latencies, where those are told or asked for. */
  readonly statements: readonly StatementTotal[];
  readonly slow: readonly SlowSample[];
  /** What the servers said of themselves, by node; only from the process on duty. */
  readonly servers: Readonly<Record<string, ServerFacts>>;
}

/** What a {@linkcode FleetBoard} is made of. */
export interface FleetBoardOptions {
  /** The fleet's name. */
  readonly fleet: string;
  readonly redis: RedisClient;
  readonly clock: Clock;
  readonly log: Log;
}

/** A bulletin as it was read. */
export interface ReadBulletin extends ProcessBulletin {
  /** How long ago it was told, in milliseconds, by Redis's clock. */
  readonly ageMs: number;
}

/** Who was not heard for so long is forgotten, in milliseconds. */
const FORGET_MS = 600_000;
/** Longer texts would hold up whatever else Redis does: it is told without latencies, or statements. */
const MAX_CHARACTERS = 1 << 20;

const TELL = redisScript(`
local time = redis.call("TIME")
local now = math.floor(time[1] * 1000 + time[2] / 1000)
redis.call("HSET", KEYS[1], ARGV[1], ARGV[2])
redis.call("ZADD", KEYS[2], now, ARGV[1])
if ARGV[4] ~= "" then redis.call("HSET", KEYS[3], ARGV[1], ARGV[4]) end
for _, id in ipairs(redis.call("ZRANGEBYSCORE", KEYS[2], "-inf", now - ARGV[3])) do
  redis.call("HDEL", KEYS[1], id)
  redis.call("HDEL", KEYS[3], id)
  redis.call("ZREM", KEYS[2], id)
end
for _, key in ipairs(KEYS) do redis.call("PEXPIRE", key, ARGV[3]) end
return 1
`);
const READ = redisScript(`
local time = redis.call("TIME")
local now = math.floor(time[1] * 1000 + time[2] / 1000)
local told = redis.call("HGETALL", KEYS[1])
local read = {}
for i = 1, #told, 2 do
  local id = told[i]
  local at = redis.call("ZSCORE", KEYS[2], id)
  if at and id ~= ARGV[1] then
    read[#read + 1] = string.format("%.0f", now - at)
    read[#read + 1] = told[i + 1]
    read[#read + 1] = ARGV[2] == "1" and redis.call("HGET", KEYS[3], id) or ""
  end
end
return read
`);
const LEAVE = redisScript(`
redis.call("HDEL", KEYS[1], ARGV[1])
redis.call("HDEL", KEYS[3], ARGV[1])
return redis.call("ZREM", KEYS[2], ARGV[1])
`);

/** The latencies of a statement on a shard, as they are told: by themselves, and less often. */
type ToldLatency = readonly [statement: string, shard: string, latency: PhasePairs];

/**
 * Where the processes of a fleet tell each other how they do, in Redis. One that dies is there for
 * ten minutes more, growing old; one that stops in order takes its bulletin down. Never fails:
 * without Redis nothing is told and nothing read.
 */
export class FleetBoard {
  readonly #options: FleetBoardOptions;
  readonly #keys: readonly string[];
  #warned = false;

  constructor(options: FleetBoardOptions) {
    this.#options = options;
    // The number is of the form: processes of another release may have another.
    const prefix = `{${options.fleet}}:monitor:2`;
    this.#keys = [prefix, `${prefix}:seen`, `${prefix}:latency`];
  }

  /** Replaces what this process told last; the latencies only where the statements have them. */
  async tell(bulletin: ProcessBulletin): Promise<void> {
    const { process: { id } } = bulletin;
    await this.#options.redis.run(TELL, {
      keys: this.#keys,
      args: [id, this.#textOf(bulletin), FORGET_MS, this.#latencyOf(bulletin)],
    }).catch(() => undefined);
  }

  /**
   * What the others tell; `undefined` where Redis does not answer.
   *
   * @param options.except this process
   * @param options.latency whether with latencies, which are most of it
   */
  async read(
    options: { readonly except: string; readonly latency: boolean },
  ): Promise<readonly ReadBulletin[] | undefined> {
    const { except, latency } = options;
    const reply = await this.#options.redis.run(READ, {
      keys: this.#keys,
      args: [except, latency ? 1 : 0],
    }).catch(() => undefined);
    if (!Array.isArray(reply)) return undefined;
    const read: ReadBulletin[] = [];
    for (let at = 0; at + 2 < reply.length; at += 3) {
      const bulletin = parse(String(reply[at + 1]), String(reply[at + 2]));
      if (bulletin !== undefined) read.push({ ...bulletin, ageMs: Number(reply[at]) });
    }
    return read;
  }

  /** Takes this process's bulletin down, as it stops. */
  async leave(id: string): Promise<void> {
    await this.#options.redis.run(LEAVE, { keys: this.#keys, args: [id] }).catch(() => undefined);
  }

  #textOf(bulletin: ProcessBulletin): string {
    const statements = bulletin.statements.map((one) => ({ ...one, latency: undefined }));
    const text = JSON.stringify({ ...bulletin, statements });
    if (text.length <= MAX_CHARACTERS) return text;
    this.#warn(text.length);
    return JSON.stringify({ ...bulletin, slow: [], statements: [] });
  }

  /** Empty where there are none to tell. */
  #latencyOf({ statements }: ProcessBulletin): string {
    const told = statements.flatMap(({ statement, shard, latency }): ToldLatency[] =>
      latency === undefined ? [] : [[statement, shard, toArrays(latency)]]
    );
    if (told.length === 0) return "";
    const text = JSON.stringify(told);
    if (text.length <= MAX_CHARACTERS) return text;
    this.#warn(text.length);
    return "[]";
  }

  #warn(characters: number): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#options.log.warn("what this process tells the fleet is cut short: it is too long", {
      characters,
    });
  }
}

/** What another release wrote under this key may be of another form. */
function parse(text: string, latencies: string): ProcessBulletin | undefined {
  try {
    const bulletin: ProcessBulletin = JSON.parse(text);
    const { process, statements, slow, servers } = bulletin;
    const whole = typeof process.id === "string" && Array.isArray(process.isolates) &&
      Array.isArray(statements) && Array.isArray(slow) && typeof servers === "object";
    if (!whole || latencies === "") return whole ? bulletin : undefined;
    const told: readonly ToldLatency[] = JSON.parse(latencies);
    const by = new Map(
      told.map(([statement, shard, latency]) => [`${statement} ${shard}`, latency]),
    );
    return {
      ...bulletin,
      statements: statements.map((one) => ({
        ...one,
        latency: by.get(`${one.statement} ${one.shard}`),
      })),
    };
  } catch {
    return undefined;
  }
}

/** JSON would make objects of typed arrays. */
function toArrays({ total, queue, execute, encode }: PhasePairs): PhasePairs {
  return {
    total: Array.from(total),
    queue: Array.from(queue),
    execute: Array.from(execute),
    encode: Array.from(encode),
  };
}
