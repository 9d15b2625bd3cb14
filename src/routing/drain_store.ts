import { type RedisClient, redisScript } from "../drivers/redis.ts";
import type { Drain, Drains } from "./topology.ts";

/**
 * What was said of each node last: `<number> <by>` of one that is drained, `<number>` alone of one that
 * was taken back. The number only grows, and is when that was: microseconds of Redis's clock.
 */
export type DrainTable = ReadonlyMap<string, string>;

/** What a {@linkcode DrainStore} is made of. */
export interface DrainStoreOptions {
  readonly redis: Pick<RedisClient, "run">;
  /** The fleet's name. */
  readonly fleet: string;
}

// Changes nothing where the node is what it is to be, so that the first one who drained it stays. A
// word is kept also where nothing is known: Redis may have lost it, and be told by those who know.
const CHANGE = redisScript(`
local channel, node, by = ARGV[1], ARGV[2], ARGV[3]
local known = redis.call("HGET", KEYS[1], node)
local drained = known and string.find(known, " ", 1, true) ~= nil
if known and drained == (by ~= "") then return known end
local time = redis.call("TIME")
local last = tonumber(string.match(known or "0", "^%d+"))
local number = math.max(last + 1, time[1] * 1000000 + time[2])
local said = string.format("%.0f", number)
if by ~= "" then said = said .. " " .. by end
redis.call("HSET", KEYS[1], node, said)
redis.call("PUBLISH", channel, node)
return said
`);

// A caller knows what is newer where Redis lost its state: of each node the newest word counts.
const SYNC = redisScript(`
for i = 2, #ARGV, 2 do
  local node, said = ARGV[i], ARGV[i + 1]
  local known = redis.call("HGET", KEYS[1], node) or "0"
  if tonumber(string.match(said, "^%d+")) > tonumber(string.match(known, "^%d+")) then
    redis.call("HSET", KEYS[1], node, said)
    redis.call("PUBLISH", ARGV[1], node)
  end
end
return redis.call("HGETALL", KEYS[1])
`);

/**
 * The nodes that operators took out of routing, in one hash in Redis, so that this outlives every
 * process. Each method throws {@linkcode RealmgateError} `redis_unavailable`, with the outcome
 * `unknown` where the script may have run; it may be called again then.
 */
export class DrainStore {
  /** Where each change is published. */
  readonly channel: string;
  readonly #redis: Pick<RedisClient, "run">;
  readonly #key: string;

  constructor({ redis, fleet }: DrainStoreOptions) {
    this.#redis = redis;
    this.#key = this.channel = `{${fleet}}:drains`;
  }

  /** Takes a node out. @returns what is in force: of one that is drained already, who did it first */
  async drain(node: string, by: string): Promise<Drain> {
    return decode(await this.#change(node, by)) ?? { by, at: 0 };
  }

  /** Takes a node back; does nothing where it is not drained. */
  async takeBack(node: string): Promise<void> {
    await this.#change(node, "");
  }

  /** What was said of all nodes. A Redis that knows less than the caller, since it lost it, is told. */
  async sync(known: DrainTable): Promise<DrainTable> {
    const reply = await this.#redis.run(SYNC, {
      keys: [this.#key],
      args: [this.channel, ...[...known].flat()],
    });
    const table = new Map<string, string>();
    const flat = reply as string[];
    for (let at = 0; at + 1 < flat.length; at += 2) {
      table.set(String(flat[at]), String(flat[at + 1]));
    }
    return table;
  }

  async #change(node: string, by: string): Promise<string> {
    const args = [this.channel, node, by];
    return String(await this.#redis.run(CHANGE, { keys: [this.#key], args }));
  }
}

/** The nodes of a table that are drained. */
export function drainsOf(table: DrainTable): Drains {
  const drains = new Map<string, Drain>();
  for (const [node, said] of table) {
    const drain = decode(said);
    if (drain !== undefined) drains.set(node, drain);
  }
  return drains;
}

function decode(said: string): Drain | undefined {
  const space = said.indexOf(" ");
  if (space < 0) return undefined;
  return { by: said.slice(space + 1), at: Math.floor(Number(said.slice(0, space)) / 1_000) };
}
