import { Redis } from "ioredis";
import type { RedisSentinelTarget } from "./redis_target.ts";

/** What a {@linkcode SentinelWatch} is made of. */
export interface SentinelWatchOptions {
  readonly target: RedisSentinelTarget;
  /** The limit of a connection attempt, and of an answer. */
  readonly timeoutMs: number;
  /** The pause before the next attempt to connect, in milliseconds. */
  readonly pauseMs: () => number;
}

/** What one Sentinel says. */
interface Answer {
  readonly address: string;
  /** Grows with each fail-over: the newest is right where Sentinels disagree. */
  readonly epoch: number;
}

/**
 * Asks all Sentinels who the master is, over connections that it keeps. A client looks up the
 * master only when it connects, from the first Sentinel that answers; but a master that hangs or
 * is cut off is replaced without its clients' connections ending, it takes their writes until it
 * is told, and a Sentinel beside it does not know yet.
 */
export class SentinelWatch {
  readonly #options: SentinelWatchOptions;
  readonly #sentinels: readonly Redis[];
  #begun: Promise<unknown> | undefined;

  constructor(options: SentinelWatchOptions) {
    this.#options = options;
    const { target: { sentinels, sentinelPassword, tls = false }, timeoutMs, pauseMs } = options;
    this.#sentinels = sentinels.map(({ host, port }) => {
      const sentinel = new Redis({
        host,
        port,
        ...(sentinelPassword === undefined ? {} : { password: sentinelPassword }),
        ...(tls ? { tls: {} } : {}),
        lazyConnect: true,
        enableOfflineQueue: false,
        enableReadyCheck: false,
        autoResendUnfulfilledCommands: false,
        maxRetriesPerRequest: 0,
        connectTimeout: timeoutMs,
        commandTimeout: timeoutMs,
        disconnectTimeout: 100,
        retryStrategy: pauseMs,
      });
      // One that is away is passed over; without a listener ioredis prints it each time.
      sentinel.on("error", () => {});
      return sentinel;
    });
  }

  /** Begins to connect. */
  start(): void {
    this.#begun ??= Promise.allSettled(this.#sentinels.map((sentinel) => sentinel.connect()));
  }

  /**
   * The master's address, `host:port`, by the newest answer of the Sentinels that are connected;
   * `undefined` if none of them knows. Never rejects. Takes one time limit at most, once every
   * Sentinel's first connection was made or failed, which it waits for.
   */
  async master(): Promise<string | undefined> {
    await this.#begun;
    const answers = await Promise.all(this.#sentinels.map((sentinel) => this.#ask(sentinel)));
    const known = answers.filter((answer) => answer !== undefined);
    return known.sort((a, b) => b.epoch - a.epoch)[0]?.address;
  }

  /** Closes its connections for good. */
  close(): void {
    for (const sentinel of this.#sentinels) sentinel.disconnect();
  }

  async #ask(sentinel: Redis): Promise<Answer | undefined> {
    if (sentinel.status === "end") void sentinel.connect().catch(() => {});
    if (sentinel.status !== "ready") return undefined;
    const { master } = this.#options.target;
    try {
      // In this order: during a fail-over the second changes no earlier than the first, so that an
      // old address never comes with the new epoch.
      const [facts, address] = await Promise.all([
        sentinel.call("SENTINEL", "MASTER", master),
        sentinel.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", master),
      ]);
      if (!Array.isArray(facts) || !Array.isArray(address)) return undefined;
      const epoch = Number(facts[facts.indexOf("config-epoch") + 1]);
      return { address: `${address[0]}:${address[1]}`, epoch };
    } catch (error) {
      // Its own refusal apart, whoever was late may answer later still: no reply may be mistaken.
      if (!(error instanceof Error && error.name === "ReplyError")) {
        sentinel.disconnect(true);
        sentinel.stream.destroy();
      }
      return undefined;
    }
  }
}
