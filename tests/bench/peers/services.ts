import { startPeer } from "../start_peer.ts";
import { processTree } from "../cpu.ts";
import type { Realm } from "../../../deploy/local/realm.ts";
import type { Call } from "../wrk.ts";
import type { Installed } from "./install.ts";
import type { Way } from "./workloads.ts";

/** A service that is measured. */
export interface Service {
  readonly name: string;
  readonly url: string;
  readonly pids: readonly number[];
  /** Reads a player, and gives one a piece of gold. */
  readonly read: Call;
  readonly update: Call;
}

/** A peer before it is started. */
export interface Peer {
  readonly id: string;
  readonly name: string;
  readonly start: (
    realm: Realm,
    options: { readonly processes: number; readonly installed: Installed },
  ) => Promise<Service & { readonly end: () => Promise<void> }>;
}

/** The write of a service that tells nobody, for Realmgate's statements. */
export const PLAIN_WRITE = `-- name: bench.add_gold :exec
-- @shard :playerId
-- @param playerId bigint
-- @param amount bigint
UPDATE players SET gold = gold + :amount, version = version + 1 WHERE id = :playerId;
`;

const JSON_BODY = { "Content-Type": "application/json" };

/** A way through a service of Realmgate that runs. */
export function realmgate(
  way: Way,
  options: { readonly url: string; readonly pid: number; readonly apiKey: string },
): Service {
  const { url, pid, apiKey } = options;
  const key = { Authorization: `Bearer ${apiKey}` };
  const cached = way === "cached";
  return {
    name: cached ? "Realmgate, coherent caches" : "Realmgate, past its caches",
    url,
    pids: [pid],
    read: {
      method: "GET",
      path: "/v1/query/player.get?playerId={id}",
      headers: cached ? key : { ...key, "Realmgate-Consistency": "strong" },
    },
    update: {
      method: "POST",
      path: `/v1/exec/${cached ? "player" : "bench"}.add_gold`,
      body: '{"params":{"playerId":"{id}","amount":1}}',
      headers: { ...key, ...JSON_BODY },
    },
  };
}

/** What one would pick instead; the first is what all are compared with. */
export const PEERS: readonly Peer[] = [
  peer("mysql2", "Hono + mysql2, Deno", {}),
  peer("mariadb", "Hono + mariadb, Deno", { connector: "mariadb" }),
  peer("fastify", "Fastify + mysql2, Node", { file: "fastify_peer.ts" }),
  peer("platformatic", "Platformatic DB, Node", {
    file: "platformatic_peer.ts",
    query: "?fields=id,name,level,xp,gold,version",
  }),
];

function peer(
  id: string,
  name: string,
  how: {
    readonly connector?: "mariadb";
    /** Its program, where Node runs it. */
    readonly file?: string;
    /** Asks for the columns that the others read. */
    readonly query?: string;
  },
): Peer {
  const { connector = "mysql2", file, query = "" } = how;
  return {
    id,
    name,
    async start({ stack }, { processes, installed }) {
      const program = await startPeer(stack, {
        processes,
        connector,
        modules: installed.modules,
        ...(file === undefined ? {} : { node: { path: installed.node, file } }),
      });
      return {
        name,
        url: program.url,
        pids: await processTree(program.pid),
        read: { method: "GET", path: `/players/{id}${query}`, headers: {} },
        update: {
          method: "POST",
          path: "/players/{id}/gold",
          body: '{"amount":1}',
          headers: JSON_BODY,
        },
        end: program.end,
      };
    },
  };
}
