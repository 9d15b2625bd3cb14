import { freePort } from "../../../deploy/local/ports.ts";
import type { Realm } from "../../../deploy/local/realm.ts";
import type { RedisServer } from "../../../deploy/local/redis_server.ts";
import type { ServiceProcess } from "../../../deploy/local/service_process.ts";
import { type TestRealm, testRealm } from "../../support/realm.ts";
import type { ContestedLock, RedisAddress } from "./events.ts";
import { ValveProxy } from "./valve_proxy.ts";

/** Isolates of each service process. */
const ISOLATES = 2;
/** Service processes; the first one's way to Redis leads through the proxy. */
const SERVICES = 2;

/** A write that is in its table. */
export interface LandedWrite {
  readonly ask: string;
  readonly write: string;
}

/** The example realm with two service processes on it, and what faults do to them. */
export class Arena implements AsyncDisposable {
  readonly realm: Realm;
  readonly proxy: ValveProxy;
  readonly #owned: TestRealm;
  readonly #services: ServiceProcess[] = [];

  private constructor(owned: TestRealm) {
    this.#owned = owned;
    this.realm = owned.realm;
    this.proxy = new ValveProxy(this.redis.port);
  }

  /** Starts it. When it fails, nothing stays running. */
  static async start(): Promise<Arena> {
    const arena = new Arena(await testRealm());
    try {
      const ports = Array.from({ length: SERVICES }, () => freePort());
      await Promise.all(ports.map((port, number) => arena.#startService(number, port)));
      return arena;
    } catch (error) {
      await arena[Symbol.asyncDispose]();
      throw error;
    }
  }

  get redis(): RedisServer {
    return this.#owned.realm.stack.redis;
  }

  get apiKey(): string {
    return this.realm.apiKey;
  }

  /** Where the services listen; a restart does not change it. */
  get serviceUrls(): string[] {
    return this.#services.map(({ url }) => url);
  }

  /** Where a client finds Redis, directly or through the proxy. */
  redisAddress(options: { readonly proxied: boolean }): RedisAddress {
    return { url: options.proxied ? `redis://127.0.0.1:${this.proxy.port}` : this.redis.url };
  }

  /** Kills a service process; returns what starts it again at its place. */
  async killService(number: number): Promise<() => Promise<void>> {
    const service = this.#services[number];
    if (service === undefined) throw new RangeError(`Cannot kill a service: no number ${number}`);
    service.kill("SIGKILL");
    await service.exited;
    return () => this.#startService(number, service.port);
  }

  /** The writes under each lock, in the order in which they landed. */
  async landedWrites(locks: readonly ContestedLock[]): Promise<Map<string, LandedWrite[]>> {
    const landed = new Map<string, LandedWrite[]>(locks.map(({ name }) => [name, []]));
    const names = locks.map(({ name }) => `'${name}'`).join();
    for (const { primary } of this.realm.stack.shards) {
      const rows = await primary.sql(
        `SELECT kind, JSON_VALUE(payload, '$.ask') AS ask, JSON_VALUE(payload, '$.write') AS w
         FROM event_log WHERE kind IN (${names}) ORDER BY id`,
      );
      for (const { kind, ask, w } of rows) {
        landed.get(String(kind))?.push({ ask: String(ask), write: String(w) });
      }
    }
    return landed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.proxy.open();
    await Promise.all(this.#services.map((service) => service.stop()));
    await this.#owned[Symbol.asyncDispose]();
    this.proxy[Symbol.dispose]();
  }

  async #startService(number: number, port: number): Promise<void> {
    const url = `redis://127.0.0.1:${this.proxy.port}`;
    this.#services[number] = await this.realm.startService({
      port,
      isolates: ISOLATES,
      env: number === 0 ? { REALMGATE_REDIS_URL: url } : {},
    });
  }
}
