/** A Redis server, or the Sentinels that know it. */
export type RedisAddress =
  | { readonly url: string }
  | {
    readonly sentinels: readonly { readonly host: string; readonly port: number }[];
    readonly master: string;
    /** Who logs in at the servers. */
    readonly username: string;
    readonly password: string;
  };
