import { freePort } from "../../deploy/local/ports.ts";
import type { Stack } from "../../deploy/local/stack.ts";
import type { PeerOrder } from "./peers/peer_order.ts";
import { denoArguments, type Program, startServer } from "./program.ts";

/** How a peer is started. */
export interface PeerOptions {
  /** Isolates or processes that share its port. */
  readonly processes: number;
  /** @default {"mysql2"} */
  readonly connector?: PeerOrder["connector"];
  /** A folder whose `node_modules` has what the project does not depend on. @default {none} */
  readonly modules?: string;
  /** Where `node` is, and which program of `peers` it runs. @default {Deno runs `peer.ts`} */
  readonly node?: { readonly path: string; readonly file: string };
}

/** Starts a service that somebody else would have written, on the primaries of a stack. */
export function startPeer(stack: Stack, options: PeerOptions): Promise<Program> {
  const { processes, connector = "mysql2", modules = "", node } = options;
  const [first] = stack.shards;
  if (first === undefined) throw new Error("Cannot start a peer: a shard must run, received none");
  const { user, password, database } = first.primary;
  const port = freePort();
  const order: PeerOrder = {
    ...{ port, processes, user, password, database, connector, modules },
    shards: stack.shards.map(({ primary }) => ({ host: primary.host, port: primary.port })),
  };
  return startServer(node?.path ?? Deno.execPath(), {
    port,
    args: node === undefined ? denoArguments("peer.ts") : nodeArguments(node.file),
    env: { PEER_ORDER: JSON.stringify(order), NODE_ENV: "production" },
  });
}

function nodeArguments(file: string): string[] {
  return [
    // Files of src belong to no package, so Node has to find out that they are modules.
    "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON",
    new URL(`peers/${file}`, import.meta.url).pathname,
  ];
}
