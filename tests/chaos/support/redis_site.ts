import { findPrograms } from "../../../deploy/local/programs.ts";
import { RedisServer } from "../../../deploy/local/redis_server.ts";
import {
  type SentinelOptions,
  type SentinelStack,
  startSentinels,
} from "../../support/sentinel.ts";
import { type SteppedClock, steppedClock } from "../../support/stepped_clock.ts";
import { ACCOUNT_PASSWORD, ACCOUNTS, admitFleet } from "./fleet_accounts.ts";
import type { RedisAddress } from "./redis_address.ts";
import { ValveProxy } from "./valve_proxy.ts";

/** What kind of Redis a fault is done to. */
export type SiteKind = "server" | "server with a clock" | "sentinels";

/** What the fleet has in Redis, and what faults can do to it. */
export interface RedisSite extends AsyncDisposable {
  readonly kind: SiteKind;
  /** The one server, or the one that began as the master. */
  readonly server: RedisServer;
  /**
   * The network between some of those who use it and the server; where there are Sentinels, between
   * them and the Sentinels.
   */
  readonly valves: readonly ValveProxy[];
  readonly clock: SteppedClock | undefined;
  readonly sentinels: SentinelStack | undefined;
  /** A realm's configuration, changed so that it finds this Redis. */
  configure(yaml: string): string;
  /** What such a realm's process must find in its environment. */
  environment(options: { readonly proxied: boolean }): Record<string, string>;
  /** Where to find it, directly or through the valves. */
  address(options: { readonly proxied: boolean }): RedisAddress;
}

/** Starts one; `undefined` where the machine cannot. */
export async function openRedisSite(
  kind: SiteKind,
  sentinels: SentinelOptions = {},
): Promise<RedisSite | undefined> {
  switch (kind) {
    case "server":
    case "server with a clock":
      return await oneServer(kind);
    case "sentinels":
      return await withSentinels(sentinels);
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
  const valve = cleanUp.use(new ValveProxy(server.port));
  const owned = cleanUp.move();
  const url = (proxied: boolean) => proxied ? `redis://127.0.0.1:${valve.port}` : server.url;
  return {
    kind,
    server,
    valves: [valve],
    clock,
    sentinels: undefined,
    configure: (yaml) => yaml,
    environment: ({ proxied }) => ({ REALMGATE_REDIS_URL: url(proxied) }),
    address: ({ proxied }) => ({ url: url(proxied) }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function withSentinels(options: SentinelOptions): Promise<RedisSite> {
  await using cleanUp = new AsyncDisposableStack();
  const stack = cleanUp.use(await startSentinels(options));
  await Promise.all(stack.servers.map(admitFleet));
  const { sentinels, master } = stack.target;
  const valves = sentinels.map(({ port }) => cleanUp.use(new ValveProxy(port)));
  const addresses = (proxied: boolean) =>
    proxied ? valves.map(({ port }) => ({ host: "127.0.0.1", port })) : sentinels;
  const account = (proxied: boolean) => proxied ? ACCOUNTS.behindValves : ACCOUNTS.direct;
  const variable = (number: number) => `REALMGATE_SENTINEL_${number + 1}`;
  const named = sentinels.map(({ host, port }, n) => `"\${${variable(n)}:-${host}:${port}}"`);
  const lines = [
    `  sentinels: [${named.join(", ")}]`,
    `  master: ${master}`,
    `  username: "\${REALMGATE_REDIS_USER:-${ACCOUNTS.direct}}"`,
    `  password: ${ACCOUNT_PASSWORD}`,
  ];
  const owned = cleanUp.move();
  const environment = ({ proxied }: { readonly proxied: boolean }) => ({
    ...Object.fromEntries(
      addresses(proxied).map(({ host, port }, number) => [variable(number), `${host}:${port}`]),
    ),
    REALMGATE_REDIS_USER: account(proxied),
  });
  return {
    kind: "sentinels",
    server: stack.first,
    valves,
    clock: undefined,
    sentinels: stack,
    configure: (yaml) => yaml.replace(/^ {2}url: .*REDIS_URL.*$/m, () => lines.join("\n")),
    environment,
    address: ({ proxied }) => ({
      sentinels: addresses(proxied),
      master,
      username: account(proxied),
      password: ACCOUNT_PASSWORD,
    }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
