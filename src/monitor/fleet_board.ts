import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { type RedisClient, redisScript } from "../drivers/redis.ts";
import type { ServerFacts } from "./db_health_status.ts";
import type { ProcessReport } from "./fleet_view.ts";
import type { SlowSample } from "./statement_metrics.ts";
import type { StatementTotal } from "./statement_totals.ts";

/** What a process tells the others of the fleet. */
export interface ProcessBulletin {
  readonly process: Omit<ProcessReport, "state" | "ageMs">;
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
/** Longer texts would hold up whatever else Redis does: they are told without latencies, or statements. */
const MAX_CHARACTERS = 1 << 20;

const TELL = redisScript(`
local time = redis.call("TIME")
local now = math.floor(time[1] * 1000 + time[2] / 1000)
redis.call("HSET", KEYS[1], ARGV[1], ARGV[2])
redis.call("ZADD", KEYS[2], now, ARGV[1])
for _, id in ipairs(redis.call("ZRANGEBYSCORE", KEYS[2], "-inf", now - ARGV[3])) do
  redis.call("HDEL", KEYS[1], id)
  redis.call("ZREM", KEYS[2], id)
end
redis.call("PEXPIRE", KEYS[1], ARGV[3])
redis.call("PEXPIRE", KEYS[2], ARGV[3])
return 1
`);
const READ = redisScript(`
local time = redis.call("TIME")
local now = math.floor(time[1] * 1000 + time[2] / 1000)
local told = redis.call("HGETALL", KEYS[1])
local read = {}
for i = 1, #told, 2 do
  local at = redis.call("ZSCORE", KEYS[2], told[i])
  if at then
    read[#read + 1] = string.format("%.0f", now - at)
    read[#read + 1] = told[i + 1]
  end
end
return read
`);
const LEAVE = redisScript(`
redis.call("HDEL", KEYS[1], ARGV[1])
return redis.call("ZREM", KEYS[2], ARGV[1])
`);

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
    const prefix = `{${options.fleet}}:monitor:1`;
    this.#keys = [prefix, `${prefix}:seen`];
  }

  /** Replaces what this process told last. */
  async tell(bulletin: ProcessBulletin): Promise<void> {
    await this.#options.redis.run(TELL, {
      keys: this.#keys,
      args: [bulletin.process.id, this.#textOf(bulletin), FORGET_MS],
    }).catch(() => undefined);
  }

  /** What all tell, this process too; `undefined` where Redis does not answer. */
  async read(): Promise<readonly ReadBulletin[] | undefined> {
    const reply = await this.#options.redis.run(READ, { keys: this.#keys, args: [] })
      .catch(() => undefined);
    if (!Array.isArray(reply)) return undefined;
    const read: ReadBulletin[] = [];
    for (let at = 0; at + 1 < reply.length; at += 2) {
      const bulletin = parse(String(reply[at + 1]));
      if (bulletin !== undefined) read.push({ ...bulletin, ageMs: Number(reply[at]) });
    }
    return read;
  }

  /** Takes this process's bulletin down, as it stops. */
  async leave(id: string): Promise<void> {
    await this.#options.redis.run(LEAVE, { keys: this.#keys, args: [id] }).catch(() => undefined);
  }

  #textOf(bulletin: ProcessBulletin): string {
    const text = JSON.stringify(bulletin);
    if (text.length <= MAX_CHARACTERS) return text;
    const short = JSON.stringify({
      ...bulletin,
      slow: [],
      statements: bulletin.statements.map((one) => ({
        ...one,
        latency: { total: [], queue: [], execute: [], encode: [] },
      })),
    });
    if (!this.#warned) {
      this.#warned = true;
      this.#options.log.warn("what this process tells the fleet is cut short: it is too long", {
        characters: text.length,
      });
    }
    if (short.length <= MAX_CHARACTERS) return short;
    return JSON.stringify({ ...bulletin, slow: [], statements: [] });
  }
}

/** What another release wrote under this key may be of another form. */
function parse(text: string): ProcessBulletin | undefined {
  try {
    const bulletin: ProcessBulletin = JSON.parse(text);
    const { process, statements, slow, servers } = bulletin;
    const whole = typeof process.id === "string" && Array.isArray(process.isolates) &&
      Array.isArray(statements) && Array.isArray(slow) && typeof servers === "object";
    return whole ? bulletin : undefined;
  } catch {
    return undefined;
  }
}
