import process from "node:process";

/** What a peer is told to do, in the variable `PEER_ORDER`. */
export interface PeerOrder {
  /** Where it serves, on 127.0.0.1. */
  readonly port: number;
  /** Isolates or processes that share the port. */
  readonly processes: number;
  /** The primary of each shard, in the order that keys are routed by. */
  readonly shards: readonly { readonly host: string; readonly port: number }[];
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** What the hand-written service on Deno talks to the databases with. */
  readonly connector: "mysql2" | "mariadb";
  /** The folder whose `node_modules` has what the project itself does not depend on. */
  readonly modules: string;
}

/** Connections that a peer may open, in each isolate or process and to each shard: as Realmgate. */
export const CONNECTIONS = 8;

/** Reads the order of this process. */
export function readOrder(): PeerOrder {
  return JSON.parse(process.env["PEER_ORDER"] ?? "") as PeerOrder;
}
