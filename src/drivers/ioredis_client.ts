import type { Redis } from "ioredis";
import { BatchedWrites } from "./batched_writes.ts";
import type { Clock, Timer } from "../core/clock.ts";
import { RealmgateError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import type { SpanAttributes, Trace } from "../core/telemetry.ts";
import { TimeLimits } from "../core/time_limits.ts";
import { MasterCheck } from "./master_check.ts";
import { openRedis, reconnectPauseMs, selectDatabase } from "./open_redis.ts";
import type { RedisClient, RedisScript, ScriptRun } from "./redis.ts";
import {
  isReply,
  isWithoutEffect,
  isWrongServer,
  messageOf,
  unavailable,
} from "./redis_replies.ts";
import { redisAttributes, traceScript } from "./redis_spans.ts";
import type { RedisTarget } from "./redis_target.ts";
import { SentinelWatch } from "./sentinel_watch.ts";
import { Subscriptions } from "./subscriptions.ts";

/** What an {@linkcode IoredisClient} is made of. */
export interface IoredisClientOptions {
  readonly server: RedisTarget;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** How long any command may take, in time that counts for {@linkcode TimeLimits}. @default {1_000} */
  readonly timeoutMs?: number;
  /** How often the server is asked whether it is alive. @default {1_000} */
  readonly heartbeatMs?: number;
}

/**
 * {@linkcode RedisClient} over ioredis, with its queueing and resending turned off: a command that
 * was given up must never run later, and ioredis would send it after a reconnect. A server that
 * hangs, or that the Sentinels replaced, raises no event: a heartbeat finds it. ioredis speaks
 * RESP3, where a subscribed connection takes commands too; it is subscribed again here rather than
 * by ioredis, which says "ready" before the server has confirmed.
 */
export class IoredisClient implements RedisClient {
  readonly #options: IoredisClientOptions;
  readonly #timeoutMs: number;
  readonly #limits: TimeLimits;
  readonly #writes = new BatchedWrites();
  readonly #redis: Redis;
  readonly #check: MasterCheck;
  #heartbeat: Timer | undefined;
  #beating = false;
  /** Heartbeats since the connection began to be made; a handshake can hang like any command. */
  #silentBeats = 0;
  #state: "up" | "down" = "down";
  readonly #listeners: ((state: "up" | "down") => void)[] = [];
  readonly #subscriptions = new Subscriptions();
  readonly #spanAttributes: SpanAttributes;
  /** Which connection is meant: the number grows when one is made and when one ends. */
  #connection = 0;
  /** Connections since it was last up. ioredis's own count knows nothing of what is checked here. */
  #failures = 0;
  #lastError: string | undefined;

  constructor(options: IoredisClientOptions) {
    this.#options = options;
    this.#spanAttributes = redisAttributes(options.server);
    const { server, random, timeoutMs = 1_000 } = options;
    const watch = { timeoutMs, pauseMs: () => reconnectPauseMs(Infinity, random) };
    this.#timeoutMs = timeoutMs;
    this.#limits = new TimeLimits({ clock: options.clock, limitMs: timeoutMs });
    this.#check = new MasterCheck(
      server.kind === "url" ? undefined : new SentinelWatch({ ...watch, target: server }),
    );
    this.#redis = openRedis(server, {
      timeoutMs,
      pauseMs: () => reconnectPauseMs(this.#failures++, random),
      onAddress: (address) => this.#check.connecting(address),
    });
    this.#redis.on("ready", () => void this.#ready(++this.#connection));
    this.#redis.on("close", () => this.#lost());
    this.#redis.on("end", () => this.#lost());
    this.#redis.on("message", (channel, message) => this.#subscriptions.deliver(channel, message));
    // An 'error' without a listener would be printed each time; a state's change says it once.
    this.#redis.on("error", (error: Error) => this.#lastError = error.message);
  }

  get state(): "up" | "down" {
    return this.#state;
  }

  onState(listener: (state: "up" | "down") => void): void {
    this.#listeners.push(listener);
  }

  /** Begins to connect. Resolves when the server is up, or after one time limit if it is not. */
  async start(): Promise<void> {
    const { clock, heartbeatMs = 1_000 } = this.#options;
    this.#heartbeat ??= clock.every(heartbeatMs, () => void this.#beat());
    this.#check.start();
    const settled = new Promise<void>((resolve, reject) => {
      this.onState(() => resolve());
      this.#redis.connect().catch(reject);
    });
    // Of a connection that failed this says no more than that; an 'error' before it said why.
    await this.#within(settled).catch((error) => this.#lastError ??= messageOf(error));
    if (this.#state === "down") this.#options.log.warn("redis is down", { error: this.#lastError });
  }

  run(script: RedisScript, options: ScriptRun): Promise<unknown> {
    return options.trace === undefined
      ? this.#run(script, options)
      : this.#runTraced(options.trace, { script, options });
  }

  async subscribe(channel: string, onMessage: (message: string) => void): Promise<void> {
    this.#subscriptions.add(channel, onMessage);
    if (this.#state === "down") return;
    const connection = this.#connection;
    try {
      await this.#within(this.#confirm([channel]));
    } catch (error) {
      if (isReply(error)) {
        this.#subscriptions.remove(channel, onMessage);
        throw unavailable("not_applied", error);
      }
      // Whether this connection is subscribed is not known; the next one will be.
      this.#abandon(connection, error);
    }
  }

  async ping(): Promise<void> {
    await this.#call(() => this.#redis.ping());
  }

  async close(): Promise<void> {
    this.#heartbeat?.cancel();
    this.#heartbeat = undefined;
    this.#listeners.length = 0;
    const { status } = this.#redis;
    const ended = new Promise<void>((resolve) => this.#redis.once("end", () => resolve()));
    this.#check.close();
    this.#redis.disconnect();
    // Between two attempts to connect there is nothing to close, and no event says so.
    if (status !== "end" && status !== "reconnecting") await ended;
  }

  /** Apart from {@linkcode run}, which makes no closure for it where nobody traces. */
  #runTraced(
    trace: Trace,
    { script, options }: { readonly script: RedisScript; readonly options: ScriptRun },
  ): Promise<unknown> {
    const command = { name: script.name, attributes: this.#spanAttributes };
    return traceScript(trace, command, () => this.#run(script, options));
  }

  async #run(script: RedisScript, { keys, args }: ScriptRun): Promise<unknown> {
    try {
      return await this.#call(() => this.#redis.evalsha(script.sha, keys.length, ...keys, ...args));
    } catch (error) {
      if (!isReply(error, "NOSCRIPT")) throw error;
      return await this.#call(() => this.#redis.eval(script.lua, keys.length, ...keys, ...args));
    }
  }

  async #call<T>(send: () => Promise<T>): Promise<T> {
    if (this.#state === "down") throw unavailable("not_applied", this.#lastError);
    const connection = this.#connection;
    this.#writes.hold(this.#redis.stream);
    try {
      return await this.#within(send());
    } catch (error) {
      if (error instanceof RealmgateError) {
        void this.#beat();
        throw error;
      }
      if (isWrongServer(error)) this.#abandon(connection, error);
      throw unavailable(isWithoutEffect(error) ? "not_applied" : "unknown", error);
    }
  }

  /** Rejects when the time is over; what `promise` does later is nobody's business then. */
  #within<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const limit = this.#limits.begin(() => {
        reject(unavailable("unknown", `no answer within ${this.#timeoutMs} ms`));
      });
      promise.then((value) => {
        this.#limits.end(limit);
        resolve(value);
      }, (error) => {
        this.#limits.end(limit);
        reject(error);
      });
    });
  }

  async #beat(): Promise<void> {
    if (this.#heartbeat === undefined || this.#beating) return;
    const { status } = this.#redis;
    const connection = this.#connection;
    if (status === "ready") {
      this.#beating = true;
      this.#silentBeats = 0;
      try {
        await Promise.all([this.#alive(), this.#check.named()]);
      } catch (error) {
        this.#abandon(connection, error);
      }
      this.#beating = false;
    } else if (status === "end") {
      // ioredis gives up for good where a connection could not even be begun.
      this.#redis.connect().catch(() => {});
    } else if (status === "connect" && ++this.#silentBeats > 2) {
      this.#abandon(connection, new Error("no answer to the handshake"));
    }
  }

  /** A server that cannot save refuses even a PING, and is alive: the Sentinels' word counts. */
  async #alive(): Promise<void> {
    try {
      await this.#within(this.#redis.ping());
    } catch (error) {
      if (!isReply(error) || isWrongServer(error)) throw error;
    }
  }

  /** A connection is made; it is up once it is the master's, in its database, with all subscriptions. */
  async #ready(connection: number): Promise<void> {
    try {
      const asked = [this.#check.role(this.#redis), selectDatabase(this.#redis)];
      await Promise.all([...asked.map((answer) => this.#within(answer)), this.#check.named()]);
      if (connection !== this.#connection) return;
      // More than once where somebody subscribes meanwhile, while it is still down.
      while (this.#subscriptions.missing().length > 0) {
        await this.#within(this.#confirm(this.#subscriptions.missing()));
        if (connection !== this.#connection) return;
      }
    } catch (error) {
      return this.#abandon(connection, error);
    }
    this.#set("up");
  }

  async #confirm(channels: readonly string[]): Promise<void> {
    const connection = this.#connection;
    await this.#redis.subscribe(...channels);
    if (connection === this.#connection) this.#subscriptions.confirm(channels);
  }

  #lost(): void {
    this.#connection++;
    this.#silentBeats = 0;
    this.#subscriptions.forget();
    this.#lastError ??= "the connection was closed";
    this.#set("down");
  }

  /** Gives a connection up, unless it already ended; ioredis makes another. */
  #abandon(connection: number, error: unknown): void {
    if (connection !== this.#connection || this.#heartbeat === undefined) return;
    this.#lastError = messageOf(error);
    this.#lost();
    this.#redis.disconnect(true);
    // What was not sent yet must not reach a server that was given up.
    this.#redis.stream.destroy();
  }

  #set(state: "up" | "down"): void {
    if (state === this.#state) return;
    this.#state = state;
    const { log } = this.#options;
    if (state === "up") {
      this.#failures = 0;
      this.#lastError = undefined;
      log.info("redis is up");
    } else if (this.#heartbeat !== undefined) log.warn("redis is down", { error: this.#lastError });
    for (const listener of this.#listeners) listener(state);
  }
}
