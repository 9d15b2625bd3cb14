import { freePort } from "../../../deploy/local/ports.ts";
import type { Realm } from "../../../deploy/local/realm.ts";
import type { ServiceProcess } from "../../../deploy/local/service_process.ts";
import { type TestRealm, testRealm } from "../../support/realm.ts";
import type { ContestedLock } from "./events.ts";
import { openRedisSite, type RedisSite, type SiteKind } from "./redis_site.ts";

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
  readonly redis: RedisSite;
  readonly #owned: AsyncDisposableStack;
  readonly #services: ServiceProcess[] = [];

  private constructor(owned: AsyncDisposableStack, { realm }: TestRealm, redis: RedisSite) {
    this.#owned = owned;
    this.realm = realm;
    this.redis = redis;
  }

  /**
   * Starts it; `undefined` where the machine cannot have such a Redis. When it fails, nothing stays
   * running.
   */
  static async start(kind: SiteKind): Promise<Arena | undefined> {
    await using cleanUp = new AsyncDisposableStack();
    const redis = await openRedisSite(kind);
    if (redis === undefined) return undefined;
    cleanUp.use(redis);
    const { realm: folder } = redis;
    const realm = cleanUp.use(await testRealm(folder === undefined ? {} : { realm: folder }));
    const arena = new Arena(cleanUp.move(), realm, redis);
    try {
      const ports = Array.from({ length: SERVICES }, () => freePort());
      await Promise.all(ports.map((port, number) => arena.#startService(number, port)));
      return arena;
    } catch (error) {
      await arena[Symbol.asyncDispose]();
      throw error;
    }
  }

  get apiKey(): string {
    return this.realm.apiKey;
  }

  /** Where the services listen; a restart does not change it. */
  get serviceUrls(): string[] {
    return this.#services.map(({ url }) => url);
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
    this.redis.proxy?.open();
    await Promise.all(this.#services.map((service) => service.stop()));
    await this.#owned.disposeAsync();
  }

  async #startService(number: number, port: number): Promise<void> {
    const address = this.redis.address({ proxied: number === 0 });
    this.#services[number] = await this.realm.startService({
      port,
      isolates: ISOLATES,
      env: "url" in address ? { REALMGATE_REDIS_URL: address.url } : {},
    });
  }
}
