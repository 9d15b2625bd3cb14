import { CONNECTIONS, type PeerOrder } from "./peer_order.ts";
import { ADD_GOLD, type Player, type PlayerStore, SELECT_PLAYER, shardOf } from "./player_store.ts";

/** What is used of MariaDB's own connector, which the project does not depend on. */
export interface MariadbDriver {
  createPool(options: Readonly<Record<string, unknown>>): MariadbPool;
}

interface MariadbPool {
  execute(sql: string, values: readonly unknown[]): Promise<unknown>;
}

/** The statements over the connector's pools, one for each shard, by `execute`. */
export function mariadbStore(driver: MariadbDriver, order: PeerOrder): PlayerStore {
  const { user, password, database } = order;
  const pools = order.shards.map((shard) =>
    driver.createPool({
      ...shard,
      ...{ user, password, database },
      connectionLimit: CONNECTIONS,
      supportBigNumbers: true,
      bigNumberStrings: true,
      dateStrings: true,
      timezone: "Z",
    })
  );
  const poolOf = (id: string) => pools[shardOf(id, pools.length)] as MariadbPool;
  return {
    async get(id) {
      const rows = await poolOf(id).execute(SELECT_PLAYER, [id]) as Player[];
      return rows[0];
    },
    async addGold(id, amount) {
      const result = await poolOf(id).execute(ADD_GOLD, [amount, id]) as { affectedRows: number };
      return result.affectedRows;
    },
  };
}
