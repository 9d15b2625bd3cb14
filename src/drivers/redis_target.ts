/** Where Redis is; a plain value, so that it can be sent to a worker. */
export type RedisTarget = RedisUrlTarget | RedisSentinelTarget;

/** One server, or an address that leads to the right one. */
export interface RedisUrlTarget {
  readonly kind: "url";
  /** `redis://` or `rediss://`, with user, password and database where needed. */
  readonly url: string;
}

/** The server that Sentinels say is the master; see https://redis.io/docs/latest/develop/reference/sentinel-clients/ */
export interface RedisSentinelTarget {
  readonly kind: "sentinel";
  /** All of them, since none is learned from the others: their addresses may mean nothing here. */
  readonly sentinels: readonly { readonly host: string; readonly port: number }[];
  /** The name that the Sentinels know the master by. */
  readonly master: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** The Sentinels' own password. */
  readonly sentinelPassword?: string | undefined;
  /** @default {0} */
  readonly database?: number | undefined;
  /** Whether the servers and the Sentinels speak TLS. @default {false} */
  readonly tls?: boolean | undefined;
}
