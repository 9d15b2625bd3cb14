import type { Realm } from "../../../deploy/local/realm.ts";
import type { SentinelOptions } from "../../support/sentinel.ts";
import { realmWith, testRealm } from "../../support/realm.ts";
import { Fleet } from "./fleet.ts";
import { openRedisSite, type RedisSite, type SiteKind } from "./redis_site.ts";

/** Isolates of each service process. */
export const ISOLATES = 2;
/** Service processes of a fleet; the first one's way to Redis leads through the valves. */
export const PROCESSES = 2;
/** The number of the process whose way to Redis leads through the valves. */
export const BEHIND_VALVES = 0;

/** How an arena is set up. */
export interface ArenaOptions {
  /** Statements beside those of the example realm. @default {none} */
  readonly statements?: string;
  /** How Redis's servers are set up where there are Sentinels. */
  readonly sentinels?: SentinelOptions;
}

/** The example realm with two service processes on it, and what faults do to them. */
export class Arena implements AsyncDisposable {
  readonly realm: Realm;
  readonly redis: RedisSite;
  /** Realmgate's processes. */
  readonly fleet: Fleet;
  readonly #owned: AsyncDisposableStack;

  private constructor(
    owned: AsyncDisposableStack,
    parts: { readonly realm: Realm; readonly redis: RedisSite; readonly fleet: Fleet },
  ) {
    this.#owned = owned;
    this.realm = parts.realm;
    this.redis = parts.redis;
    this.fleet = parts.fleet;
  }

  /**
   * Starts it; `undefined` where the machine cannot have such a Redis. When it fails, nothing stays
   * running.
   */
  static async start(kind: SiteKind, options: ArenaOptions = {}): Promise<Arena | undefined> {
    await using cleanUp = new AsyncDisposableStack();
    const { statements = "", sentinels = {} } = options;
    const redis = await openRedisSite(kind, sentinels);
    if (redis === undefined) return undefined;
    cleanUp.use(redis);
    const folder = await realmWith(statements);
    const file = `${folder}/realmgate.yaml`;
    await Deno.writeTextFile(file, redis.configure(await Deno.readTextFile(file)));
    const { realm } = cleanUp.use(await testRealm({ realm: folder }));
    const fleet = cleanUp.use(
      await Fleet.start(PROCESSES, ({ number, port }) =>
        realm.startService({
          port,
          isolates: ISOLATES,
          env: redis.environment({ proxied: number === BEHIND_VALVES }),
        })),
    );
    cleanUp.defer(() => {
      for (const valve of redis.valves) valve.open();
    });
    return new Arena(cleanUp.move(), { realm, redis, fleet });
  }

  get apiKey(): string {
    return this.realm.apiKey;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#owned.disposeAsync();
  }
}
