import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import { type RedisClient, redisScript } from "../drivers/redis.ts";
import { FleetClock } from "./fleet_clock.ts";
import { decodeReport, encodeReport, type ShardReport } from "./shard_report.ts";

/** What a {@linkcode TopologyBulletin} is made of. */
export interface TopologyBulletinOptions {
  /** The fleet's name; its processes hear each other. */
  readonly fleet: string;
  readonly redis: RedisClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** The same news is published once in this time, however many processes bring it. */
const SAME_NEWS_MS = 500;
/** How often a process that publishes nothing looks at Redis's clock. */
const CLOCK_MS = 10_000;

// Replies with Redis's time. The key remembers the last news, so that a fail-over that a thousand
// processes meet at once is not published a thousand times to a thousand processes.
const SHARE = redisScript(`
local time = redis.call("TIME")
local now = math.floor(time[1] * 1000 + time[2] / 1000)
local known = redis.call("HMGET", KEYS[1], "news", "at")
local age = now - tonumber(known[2] or 0)
if known[1] ~= ARGV[1] or age < 0 or age >= tonumber(ARGV[2]) then
  redis.call("HSET", KEYS[1], "news", ARGV[1], "at", string.format("%.0f", now))
  redis.call("PUBLISH", ARGV[3], ARGV[4])
end
return string.format("%.0f", time[1] * 1000000 + time[2])
`);
const TIME = redisScript(`
local time = redis.call("TIME")
return string.format("%.0f", time[1] * 1000000 + time[2])
`);

/**
 * Where the processes of a fleet tell each other what they saw at the databases. Nothing is kept
 * for those who do not listen: the next report is never far. A report carries the times at which
 * its looks began, by Redis's clock; one that was held up on its way, or comes from a process that
 * was stopped meanwhile, is heard as old as it is. Whoever loses its connection to Redis, or hears of
 * what is yet to come, reads that clock anew first: another server may have another one.
 */
export class TopologyBulletin {
  readonly #options: TopologyBulletinOptions;
  /** Tells its own reports from others'. */
  readonly #by: string;
  readonly #fleetClock = new FleetClock();
  readonly #channel: string;
  /** Shards with a report on its way, and the newer one that waits for its end. */
  readonly #sending = new Map<string, ShardReport | undefined>();
  #asking: Promise<void> | undefined;

  constructor(options: TopologyBulletinOptions) {
    this.#options = options;
    this.#by = options.random.token();
    this.#channel = `{${options.fleet}}:looks`;
  }

  /**
   * Begins to listen: `onReport` is told what others share, with all times on this process's
   * clock. Without Redis it hears nothing until Redis is there.
   */
  async start(onReport: (report: ShardReport) => void): Promise<void> {
    const { redis, log } = this.#options;
    redis.onState((state) => {
      this.#fleetClock.forget();
      if (state === "up") void this.keepTime();
    });
    await this.keepTime();
    try {
      await redis.subscribe(this.#channel, (text) => {
        const report = this.#read(text);
        if (report !== undefined) onReport(report);
      });
    } catch (error) {
      log.warn("cannot hear what other processes see of the databases", { error });
    }
  }

  /**
   * Tells the others. Never fails, and waits for nobody: while one report of a shard is on its way
   * only the newest of later ones is kept.
   */
  share(report: ShardReport): void {
    const { shard } = report;
    if (this.#sending.has(shard)) {
      this.#sending.set(shard, report);
      return;
    }
    this.#sending.set(shard, undefined);
    void this.#send(report).finally(() => {
      const next = this.#sending.get(shard);
      this.#sending.delete(shard);
      if (next !== undefined) this.share(next);
    });
  }

  /** Asks for Redis's time if that was long ago; to be called each second or so. Never fails. */
  keepTime(): Promise<void> {
    const { clock } = this.#options;
    if (clock.now() - this.#fleetClock.learntAt < CLOCK_MS) return Promise.resolve();
    return this.#asking ??= this.#ask(() => this.#options.redis.run(TIME, { keys: [], args: [] }))
      .finally(() => this.#asking = undefined);
  }

  async #send(report: ShardReport): Promise<void> {
    await this.keepTime();
    const toFleet = (ms: number) => this.#fleetClock.toFleet(ms);
    const text = encodeReport(report, { by: this.#by, toFleet });
    if (text === undefined) return;
    const { fleet, redis } = this.#options;
    await this.#ask(() =>
      redis.run(SHARE, {
        keys: [`{${fleet}}:looks:${report.shard}`],
        args: [newsOf(report), SAME_NEWS_MS, this.#channel, text],
      })
    );
  }

  async #ask(run: () => Promise<unknown>): Promise<void> {
    const { clock, redis } = this.#options;
    if (redis.state === "down") return;
    const sentAt = clock.now();
    try {
      const fleetMs = Number(await run()) / 1_000;
      this.#fleetClock.learn({ sentAt, receivedAt: clock.now(), fleetMs });
    } catch {
      // The client says in the log when Redis is away.
    }
  }

  #read(text: string): ShardReport | undefined {
    const { clock } = this.#options;
    // In this order: a pause between the two must not make looks newer than they are.
    const [wallMs, ms] = [clock.wallMs(), clock.now()];
    const toLocal = (fleetMs: number) => this.#fleetClock.toLocal(fleetMs);
    const read = decodeReport(text, { toLocal, now: { ms, wallMs } });
    if (read === undefined || read.by === this.#by) return undefined;
    if (read.report.looks.every(({ endedAt }) => endedAt <= ms)) return read.report;
    // Nobody tells of what is yet to come: Redis's clock was set since one of the two read it.
    this.#fleetClock.forget();
    void this.keepTime();
    return undefined;
  }
}

/** What makes two reports the same news: lag and the like may differ. */
function newsOf({ primacy: { primary, epoch }, looks }: ShardReport): string {
  return JSON.stringify([
    primary,
    epoch,
    looks.map(({ node, up, writable }) => [node, up, writable]),
  ]);
}
