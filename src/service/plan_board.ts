import type { Log } from "../core/log.ts";
import { type RedisClient, redisScript } from "../drivers/redis.ts";
import type { KnownPlans } from "../query/plan_history.ts";
import type { StatementFacts } from "../query/statement.ts";

/** What the process that checks plans tells the others of one statement. */
export interface ToldPlans {
  readonly facts: StatementFacts;
  readonly known: KnownPlans;
}

/** What a {@linkcode PlanBoard} is made of. */
export interface PlanBoardOptions {
  /** The fleet's name. */
  readonly fleet: string;
  readonly redis: RedisClient;
  readonly log: Log;
}

/** Longer texts are not shared: they would hold up whatever else Redis does. */
const MAX_CHARACTERS = 4 << 20;
/** A fleet that is gone leaves nothing behind for longer. */
const KEEP_S = 8 * 86_400;

const WRITE = redisScript(`
local time = redis.call("TIME")
local version = time[1] .. "." .. time[2]
redis.call("HSET", KEYS[1], "version", version, "plans", ARGV[1])
redis.call("EXPIRE", KEYS[1], ARGV[2])
return version
`);

const READ = redisScript(`
local version = redis.call("HGET", KEYS[1], "version")
if not version or version == ARGV[1] then return false end
return {version, redis.call("HGET", KEYS[1], "plans")}
`);

/**
 * The plans of a fleet's statements as the process on duty found them, kept in Redis for the others
 * and for those that start later. Whoever reads pays for the text only when it is new. Never fails:
 * without Redis nothing is told and nothing heard.
 */
export class PlanBoard {
  readonly #options: PlanBoardOptions;
  readonly #key: string;
  #version = "";

  constructor(options: PlanBoardOptions) {
    this.#options = options;
    // The number is of the form: processes of another release may have another.
    this.#key = `{${options.fleet}}:plans:2`;
  }

  /** Tells the others, by statement. */
  async write(plans: Readonly<Record<string, ToldPlans>>): Promise<void> {
    const { redis, log } = this.#options;
    const text = JSON.stringify(plans);
    if (text.length > MAX_CHARACTERS) {
      return log.warn("plans not shared: they are too many", { characters: text.length });
    }
    const version = await redis.run(WRITE, { keys: [this.#key], args: [text, KEEP_S] })
      .catch(() => undefined);
    if (typeof version === "string") this.#version = version;
  }

  /** What was told since this process told or read last, or `undefined`. */
  async read(): Promise<Readonly<Record<string, ToldPlans>> | undefined> {
    const { redis, log } = this.#options;
    const reply = await redis.run(READ, { keys: [this.#key], args: [this.#version] })
      .catch(() => undefined);
    if (!Array.isArray(reply)) return undefined;
    const [version, text] = reply;
    this.#version = String(version);
    try {
      return JSON.parse(String(text));
    } catch (error) {
      log.warn("plans that were shared cannot be read", { error });
      return undefined;
    }
  }
}
