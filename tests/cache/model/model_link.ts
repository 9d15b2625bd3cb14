import type { RedisClient, RedisScript } from "../../../src/drivers/redis.ts";
import { unavailable } from "../../../src/drivers/redis_replies.ts";
import { ModelConnection } from "./model_connection.ts";
import type { ModelProcess } from "./model_process.ts";
import type { ModelRedis, ScriptOptions } from "./model_redis.ts";

/** What a {@linkcode ModelLink} is made of. */
export interface ModelLinkOptions {
  readonly process: ModelProcess;
  readonly redis: ModelRedis;
  /** The longest way of a packet, in milliseconds. */
  readonly delayMs: number;
}

/**
 * A process's way to Redis, with the promises of `RedisClient`: one connection at a time, and
 * another one when it ends.
 */
export class ModelLink implements RedisClient {
  readonly #options: ModelLinkOptions;
  readonly #listeners: ((state: "up" | "down") => void)[] = [];
  readonly #subscribers: ((message: string) => void)[] = [];
  #state: "up" | "down" = "down";
  #connection: ModelConnection | undefined;
  #frozenUntil = 0;
  #cutUntil = 0;
  #slow = { until: 0, byMs: 0 };

  constructor(options: ModelLinkOptions) {
    this.#options = options;
  }

  get state(): "up" | "down" {
    return this.#state;
  }

  onState(listener: (state: "up" | "down") => void): void {
    this.#listeners.push(listener);
  }

  run(script: RedisScript, options: ScriptOptions): Promise<unknown> {
    const connection = this.#connection;
    if (this.#state === "down" || connection === undefined) {
      return Promise.reject(unavailable("not_applied", "down"));
    }
    return connection.send(() => {
      const { server, side } = connection;
      if (server.refuses) throw unavailable("not_applied", new Error("NOREPLICAS"));
      const { reply, published } = server.run(script, options);
      if (published === undefined) return { reply };
      server.publish(published, server.pushFirst ? undefined : side);
      return { reply, after: server.pushFirst ? undefined : published };
    });
  }

  async subscribe(_channel: string, onMessage: (message: string) => void): Promise<void> {
    this.#subscribers.push(onMessage);
    const connection = this.#connection;
    if (connection !== undefined) await connection.send(() => this.#subscribed(connection));
  }

  ping(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.drop();
    return Promise.resolve();
  }

  /** Begins to connect. */
  start(): void {
    this.#connectIn(0);
  }

  /** The connection ends, and none can be made for a while. */
  cut(ms: number): void {
    this.#cutUntil = this.#options.process.now() + ms;
    this.#lose();
  }

  /** Nothing gets through for a while; then all of it does, unless it was given up. */
  freeze(ms: number): void {
    this.#frozenUntil = this.#options.process.now() + ms;
  }

  /** For a while all that is sent to it arrives later. */
  slow({ ms, byMs }: { readonly ms: number; readonly byMs: number }): void {
    this.#slow = { until: this.#options.process.now() + ms, byMs };
  }

  /** All is well again. */
  heal(): void {
    this.#frozenUntil = this.#cutUntil = this.#slow.until = 0;
  }

  /** The process is gone: its connection ends by itself. */
  drop(): void {
    this.#connection?.end();
  }

  #connectIn(ms: number): void {
    const { process, redis } = this.#options;
    process.after(ms, () => {
      if (this.#connection !== undefined) return;
      const server = redis.primary;
      const awayUntil = Math.max(this.#cutUntil, server.stalledUntil);
      if (!server.alive || process.now() < awayUntil) return this.#connectIn(50);
      const connection: ModelConnection = this.#connection = new ModelConnection({
        ...this.#options,
        server,
        frozenUntil: () => this.#frozenUntil,
        slowBy: () => process.now() < this.#slow.until ? this.#slow.byMs : 0,
        onMessage: (text) => {
          for (const subscriber of this.#subscribers) subscriber(text);
        },
        onEnd: () => connection === this.#connection && this.#lose(),
      });
      connection.send(() => this.#subscribed(connection)).then(() => {
        if (connection.open) this.#set("up");
      }, () => {
        if (connection.open) this.#lose();
      });
    });
  }

  #subscribed({ side }: ModelConnection): { readonly reply?: unknown } {
    side.subscribed = this.#subscribers.length > 0;
    return {};
  }

  #lose(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#connection = undefined;
    connection.end();
    this.#set("down");
    this.#connectIn(20 + this.#options.process.sim.pick(80));
  }

  #set(state: "up" | "down"): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }
}
