import mysql from "mysql2/promise";
import { murmur3 } from "../../../src/routing/murmur3.ts";
import type { ControlSetup } from "./control_setup.ts";

interface PlayerRow extends mysql.RowDataPacket {
  readonly version: number;
}

const READ = "SELECT id, version FROM players WHERE id = ?";
const SLOW = "SELECT id, version, SLEEP(0.05) AS slept FROM players WHERE id = ?";
const LONG = "SELECT id, version, SLEEP(2.2) AS slept FROM players WHERE id = ?";
const READS: Readonly<Record<string, string>> = {
  "player.get": READ,
  "chaos.get_slowly": SLOW,
  "chaos.get_after_long": LONG,
  "chaos.get_in_group": READ,
  "chaos.get_briefly": READ,
};
const ADD = "UPDATE players SET version = version + 1 WHERE id = ?";
const CREATE = "INSERT INTO players (id, name) VALUES (?, '')";

/** The control's way to the shards: mysql2's pools with settings of their own. */
export class ControlDatabase {
  readonly #shards: readonly { readonly primary: mysql.Pool; readonly replica: mysql.Pool }[];

  constructor({ shards, user, password, database }: ControlSetup) {
    const open = (address: string) => {
      const [host = "", port = ""] = address.split(":");
      return mysql.createPool({ host, port: Number(port), user, password, database });
    };
    this.#shards = shards.map(({ primary, replica }) => ({
      primary: open(primary),
      replica: open(replica),
    }));
  }

  /** Whether a statement of Realmgate's is one that reads. */
  isRead(statement: string): boolean {
    return Object.hasOwn(READS, statement);
  }

  /** Runs a read; `undefined` where there is no such row. */
  async read(
    statement: string,
    { id, from }: { readonly id: string; readonly from: "replica" | "primary" },
  ): Promise<PlayerRow | undefined> {
    const [rows] = await this.#shardOf(id)[from].execute<PlayerRow[]>(READS[statement] ?? "", [id]);
    return rows[0];
  }

  /** Runs a write. */
  async write(statement: string, id: string): Promise<void> {
    const sql = statement === "player.create" ? CREATE : ADD;
    await this.#shardOf(id).primary.execute<mysql.ResultSetHeader>(sql, [id]);
  }

  #shardOf(id: string) {
    const shard = this.#shards[murmur3(id) % this.#shards.length];
    if (shard === undefined) throw new RangeError("Cannot find a shard: there are none");
    return shard;
  }
}
