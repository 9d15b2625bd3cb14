import { z } from "zod";
import type { Clock } from "../core/clock.ts";
import type { ErrorCode } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { type RedisClient, redisScript } from "../drivers/redis.ts";

/** What an operator can do. */
export type AuditAction =
  | "node.drain"
  | "node.undrain"
  | "lock.release"
  | "partition.maintain"
  | "cache.invalidate";

/** What an operator did, or tried to. */
export interface AuditRecord {
  /** The name of the API key. */
  readonly by: string;
  readonly action: AuditAction;
  /** The node, lock, table or cache. */
  readonly target: string;
  readonly outcome: "done" | ErrorCode;
  /** What else is to be known of it, for people; no row values. */
  readonly detail?: string | undefined;
}

/** A record as it is kept. Another version of the service may know other actions and outcomes. */
export interface AuditEntry {
  /** Unique in the fleet, and growing. */
  readonly id: string;
  /** Unix milliseconds, by the clock of the process that did it. */
  readonly at: number;
  readonly by: string;
  readonly action: string;
  readonly target: string;
  readonly outcome: string;
  readonly detail?: string | undefined;
}

/** What an {@linkcode AuditLog} is made of. */
export interface AuditLogOptions {
  /** The fleet's name. */
  readonly fleet: string;
  readonly redis: RedisClient;
  readonly clock: Clock;
  readonly log: Log;
}

/** Entries that are kept, or some more: Redis drops them a hundred at a time. */
const KEPT = 10_000;
/** Characters of a target, which may be whatever stood in an address. */
const MAX_TARGET = 200;
/** Entries on their way to Redis; past it there is the log line alone. */
const MAX_UNDER_WAY = 1_000;

const APPEND = redisScript(`
return redis.call("XADD", KEYS[1], "MAXLEN", "~", ARGV[1], "*", "entry", ARGV[2])
`);

const LATEST = redisScript(`
return redis.call("XREVRANGE", KEYS[1], "+", "-", "COUNT", ARGV[1])
`);

const kept = z.object({
  at: z.number(),
  by: z.string(),
  action: z.string(),
  target: z.string(),
  outcome: z.string(),
  detail: z.string().optional(),
});

/**
 * What operators did to a fleet: a line in the log of whoever answered, and, while Redis is there, an
 * entry for all, of which the last 10,000 or so are kept.
 */
export class AuditLog {
  readonly #options: AuditLogOptions;
  readonly #key: string;
  #underWay = 0;

  constructor(options: AuditLogOptions) {
    this.#options = options;
    this.#key = `{${options.fleet}}:audit`;
  }

  /** Notes what was done. Never fails, and waits for nobody. */
  record(record: AuditRecord): void {
    const { clock, log, redis } = this.#options;
    const target = record.target.slice(0, MAX_TARGET);
    const { by, action, outcome, detail } = record;
    const entry = { at: clock.wallMs(), by, action, target, outcome, detail };
    log.info("audit", entry);
    if (redis.state === "down" || this.#underWay >= MAX_UNDER_WAY) return;
    this.#underWay++;
    redis.run(APPEND, { keys: [this.#key], args: [KEPT, JSON.stringify(entry)] })
      .catch((error) => log.warn("an audit entry was not kept", { action, target, error }))
      .finally(() => this.#underWay--);
  }

  /**
   * The last entries, the newest first.
   *
   * @throws {RealmgateError} `redis_unavailable`
   */
  async latest(limit: number): Promise<AuditEntry[]> {
    const { redis } = this.#options;
    const reply = await redis.run(LATEST, { keys: [this.#key], args: [limit] });
    return (reply as [string, [string, string]][]).flatMap(([id, [, text]]) => {
      const entry = kept.safeParse(JSON.parse(text));
      return entry.success ? [{ id, ...entry.data }] : [];
    });
  }
}
