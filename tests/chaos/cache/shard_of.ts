import type { StackShard } from "../../../deploy/local/stack.ts";
import { murmur3 } from "../../../src/routing/murmur3.ts";
import type { Arena } from "../support/arena.ts";

/** The servers that hold a player; the example realm takes the hash of a key modulo its shards. */
export function shardOf({ realm: { stack: { shards } } }: Arena, key: number): StackShard {
  const shard = shards[murmur3(String(key)) % shards.length];
  if (shard === undefined) throw new RangeError("Cannot find a shard: there are none");
  return shard;
}
