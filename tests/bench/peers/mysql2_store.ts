import type mysql from "mysql2/promise";
import { CONNECTIONS, type PeerOrder } from "./peer_order.ts";
import { ADD_GOLD, type Player, type PlayerStore, SELECT_PLAYER, shardOf } from "./player_store.ts";

/** A player in mysql2's form of a row. */
interface Row extends Player, mysql.RowDataPacket {}

/**
 * The statements over mysql2's pools, one for each shard, by `execute`, which prepares them.
 *
 * @param driver mysql2 itself, which Deno and Node find in different places
 */
export function mysql2Store(
  driver: Pick<typeof mysql, "createPool">,
  order: PeerOrder,
): PlayerStore {
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
  const poolOf = (id: string) => pools[shardOf(id, pools.length)] as mysql.Pool;
  return {
    async get(id) {
      const [rows] = await poolOf(id).execute<Row[]>(SELECT_PLAYER, [id]);
      return rows[0];
    },
    async addGold(id, amount) {
      const [result] = await poolOf(id).execute<mysql.ResultSetHeader>(ADD_GOLD, [amount, id]);
      return result.affectedRows;
    },
  };
}
