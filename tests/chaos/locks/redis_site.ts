import { findPrograms } from "../../../deploy/local/programs.ts";
import { RedisServer } from "../../../deploy/local/redis_server.ts";
import { realmWith } from "../../support/realm.ts";
import { type SentinelStack, startSentinels } from "../../support/sentinel.ts";
import { type SteppedClock, steppedClock } from "../../support/stepped_clock.ts";
import type { RedisAddress } from "./events.ts";
import { ValveProxy } from "./valve_proxy.ts";

/** What kind of Redis a fault is done to. */
export type SiteKind = "server" | "server with a clock" | "sentinels";

/** Where the fleet keeps its locks, and what faults can do to it. */
export interface RedisSite extends AsyncDisposable {
  readonly kind: SiteKind;
  /** The one server, or the one that began as the master. */
  readonly server: RedisServer;
  /** The network between it and some of those who use it. */
  readonly proxy: ValveProxy | undefined;
  readonly clock: SteppedClock | undefined;
  readonly sentinels: SentinelStack | undefined;
  /** A realm whose configuration names the Sentinels. */
  readonly realm: string | undefined;
  /** Where to find it, directly or, where there is one, through the proxy. */
  address(options: { readonly proxied: boolean }): RedisAddress;
}

/** Starts one; `undefined` where the machine cannot. */
export async function openRedisSite(kind: SiteKind): Promise<RedisSite | undefined> {
  switch (kind) {
    case "server":
    case "server with a clock":
      return await oneServer(kind);
    case "sentinels":
      return await withSentinels();
  }
}

async function oneServer(
  kind: "server" | "server with a clock",
): Promise<RedisSite | undefined> {
  await using cleanUp = new AsyncDisposableStack();
  const home = await Deno.makeTempDir({ prefix: "realmgate-redis-" });
  cleanUp.defer(() => Deno.remove(home, { recursive: true }));
  const clock = kind === "server" ? undefined : await steppedClock(home);
  if (kind === "server with a clock" && clock === undefined) return undefined;
  const { redisServer: program } = await findPrograms();
  const server = new RedisServer({ home, port: 0, program, env: clock?.env ?? {} });
  cleanUp.defer(() => server.stop());
  await server.start();
  const proxy = cleanUp.use(new ValveProxy(server.port));
  const owned = cleanUp.move();
  return {
    kind,
    server,
    proxy,
    clock,
    sentinels: undefined,
    realm: undefined,
    address: ({ proxied }) => ({ url: proxied ? `redis://127.0.0.1:${proxy.port}` : server.url }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function withSentinels(): Promise<RedisSite> {
  await using cleanUp = new AsyncDisposableStack();
  const stack = cleanUp.use(await startSentinels());
  const { sentinels, master } = stack.target;
  const realm = await realmWith("");
  cleanUp.defer(() => Deno.remove(realm, { recursive: true }));
  const file = `${realm}/realmgate.yaml`;
  const addresses = sentinels.map(({ host, port }) => `"${host}:${port}"`).join(", ");
  const text = await Deno.readTextFile(file);
  const changed = text.replace(/^ {2}url: .*REDIS_URL.*$/m, () => {
    return `  sentinels: [${addresses}]\n  master: ${master}`;
  });
  await Deno.writeTextFile(file, changed);
  const owned = cleanUp.move();
  return {
    kind: "sentinels",
    server: stack.first,
    proxy: undefined,
    clock: undefined,
    sentinels: stack,
    realm,
    address: () => ({ sentinels: [...sentinels], master }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
