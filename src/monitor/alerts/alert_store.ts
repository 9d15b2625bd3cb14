import { z } from "zod";
import type { Log } from "../../core/log.ts";
import { type RedisClient, redisScript } from "../../drivers/redis.ts";
import type { MemoryState } from "./alert_memory.ts";
import { type EngineState, engineState } from "./alert_state.ts";

/** What is kept of a fleet's alerts. */
export interface StoredAlerts {
  readonly engine: EngineState;
  readonly memory: MemoryState;
}

/** What an {@linkcode AlertStore} is made of. */
export interface AlertStoreOptions {
  /** The fleet's name. */
  readonly fleet: string;
  readonly redis: RedisClient;
  readonly log: Log;
}

/** Longer texts are not kept: they would hold up whatever else Redis does. */
const MAX_CHARACTERS = 2 << 20;
/** A fleet that is gone leaves nothing behind for longer. */
const KEEP_S = 86_400;

/** KEYS: the alerts. ARGV: text, lifetime, the version that the writer has read or written last. */
const WRITE = redisScript(`
local known = redis.call("HGET", KEYS[1], "version") or ""
if known ~= ARGV[3] then return false end
local time = redis.call("TIME")
local version = time[1] .. "." .. time[2]
if version == known then version = version .. "+" end
redis.call("HSET", KEYS[1], "version", version, "alerts", ARGV[1])
redis.call("EXPIRE", KEYS[1], ARGV[2])
return version
`);

/** KEYS: the alerts. ARGV: the version that the reader knows. */
const READ = redisScript(`
local version = redis.call("HGET", KEYS[1], "version")
if not version then return {"", ""} end
if version == ARGV[1] then return {version} end
return {version, redis.call("HGET", KEYS[1], "alerts")}
`);

const stored: z.ZodType<StoredAlerts> = z.object({
  engine: engineState,
  memory: z.object({
    primaries: z.record(z.string(), z.string()),
    usual: z.array(
      z.object({ cell: z.string(), mean: z.number(), learntMs: z.number(), at: z.number() }),
    ),
  }),
});

/**
 * A fleet's alerts, kept in Redis by the process on duty for the others, and for whichever takes
 * over. Nobody overwrites what it has not read, so that of two who believe to be on duty none undoes
 * what the other has raised. Never fails: without Redis nothing is kept and nothing read.
 */
export class AlertStore {
  readonly #options: AlertStoreOptions;
  readonly #key: string;
  #version = "";

  constructor(options: AlertStoreOptions) {
    this.#options = options;
    // The number is of the form: processes of another release may have another.
    this.#key = `{${options.fleet}}:alerts:1`;
  }

  /**
   * Keeps this in place of what was read or written last.
   *
   * @returns `kept`; `overtaken` where somebody else wrote since, which is to be read first; `failed`
   */
  async write(alerts: StoredAlerts): Promise<"kept" | "overtaken" | "failed"> {
    const { redis, log } = this.#options;
    const text = JSON.stringify(alerts);
    if (text.length > MAX_CHARACTERS) {
      log.warn("alerts not kept: they are too many", { characters: text.length });
      return "failed";
    }
    const reply = await redis.run(WRITE, {
      keys: [this.#key],
      args: [text, KEEP_S, this.#version],
    }).catch(() => undefined);
    if (reply === null) return "overtaken";
    if (typeof reply !== "string") return "failed";
    this.#version = reply;
    return "kept";
  }

  /**
   * What was kept since this process read or wrote last.
   *
   * @param options.all also what it has read or written itself; default false
   * @returns `same` where nothing is new; `none` where nothing is kept, or nothing that can be read;
   * `unknown` where Redis did not answer
   */
  async read(
    options: { readonly all?: boolean } = {},
  ): Promise<StoredAlerts | "same" | "none" | "unknown"> {
    const { redis, log } = this.#options;
    const known = options.all === true ? "" : this.#version;
    const reply = await redis.run(READ, { keys: [this.#key], args: [known] })
      .catch(() => undefined);
    if (!Array.isArray(reply)) return "unknown";
    const [version, text] = reply;
    this.#version = String(version);
    if (text === undefined) return "same";
    if (text === "") return "none";
    try {
      return stored.parse(JSON.parse(String(text)));
    } catch (error) {
      log.warn("alerts that were kept cannot be read", { error });
      return "none";
    }
  }
}
