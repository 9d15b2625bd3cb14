import { murmur3 } from "../../../src/routing/murmur3.ts";

/** A player as every service answers it. */
export interface Player {
  readonly id: string;
  readonly name: string;
  readonly level: number;
  readonly xp: string;
  readonly gold: string;
  readonly version: number;
}

/** The two statements of the benches, whatever runs them. */
export interface PlayerStore {
  get(id: string): Promise<Player | undefined>;
  /** @returns how many rows were changed */
  addGold(id: string, amount: number): Promise<number>;
}

/** Reads the player of one parameter, the id. */
export const SELECT_PLAYER = "SELECT id, name, level, xp, gold, version FROM players WHERE id = ?";

/** Adds gold: the amount, then the player's id. */
export const ADD_GOLD = "UPDATE players SET gold = gold + ?, version = version + 1 WHERE id = ?";

/** Which of some shards has a player, as Realmgate's `modulo` strategy has it. */
export function shardOf(id: string, shards: number): number {
  return murmur3(id) % shards;
}
