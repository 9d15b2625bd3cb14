import { redisScript } from "../drivers/redis.ts";
import { APPEND, PRELUDE } from "./coherence_scripts.ts";
import { VALUES } from "./value_lua.ts";

/*
 * KEYS of each: the log's head, log and intents, and what the keys of values begin with; see
 * `value_lua.ts`. What changes an entry publishes that it is dropped in the same script, so that no
 * isolate goes on with an older one.
 */

/**
 * Puts an entry in place of whatever was there. Where its cache is full, those that end first make
 * room.
 *
 * ARGV: channel, the event's text, how many messages the log keeps, cache, key, time to live (ms),
 * the most entries and bytes, the value, then its tags.
 */
export const PUT_VALUE = redisScript(
  `${PRELUDE}${APPEND}${VALUES}
local cache, key, ttl = ARGV[4], ARGV[5], tonumber(ARGV[6])
local maxEntries, maxBytes = tonumber(ARGV[7]), tonumber(ARGV[8])
local values, ends, state = placesOf(cache)
local overdue = function(set)
  return redis.call("ZRANGEBYSCORE", set, "-inf", nowMs, "LIMIT", 0, 100)
end
local keep = function(places, leastMs)
  local left = math.max(leastMs, redis.call("PTTL", places[#places]))
  for _, place in ipairs(places) do redis.call("PEXPIRE", place, left) end
end
if redis.call("HGET", state, "epoch") ~= epoch then
  redis.call("UNLINK", values, ends, state)
  redis.call("HSET", state, "epoch", epoch)
  redis.call("HSET", KEYS[1], "values", epoch)
end
local endsMs = nowMs + ttl
local packed = {digits(endsMs)}
for _, over in ipairs(overdue(COUNT_ENDS)) do
  redis.call("HDEL", COUNTS, over)
  redis.call("ZREM", COUNT_ENDS, over)
end
for i = 10, #ARGV do
  local count = redis.call("HGET", COUNTS, ARGV[i])
  if not count then
    count = digits(now)
    redis.call("HSET", COUNTS, ARGV[i], count)
  end
  redis.call("ZADD", COUNT_ENDS, "GT", endsMs + 1000, ARGV[i])
  packed[#packed + 1] = ARGV[i] .. " " .. count
end
while redis.call("ZCARD", COUNT_ENDS) > MAX_COUNTS do
  redis.call("HDEL", COUNTS, redis.call("ZPOPMIN", COUNT_ENDS)[1])
end
packed = table.concat(packed, " ") .. "\\n" .. ARGV[9]
local size = sizeOf(#packed, key)
takeOut(cache, key)
for _, over in ipairs(overdue(ends)) do takeOut(cache, over) end
while redis.call("HLEN", values) >= maxEntries
  or tonumber(redis.call("HGET", state, "bytes") or 0) + size > maxBytes do
  local first = redis.call("ZRANGE", ends, 0, 0)[1]
  if not first then break end
  takeOut(cache, first)
end
redis.call("HSET", values, key, packed)
redis.call("ZADD", ends, endsMs, key)
redis.call("HINCRBY", state, "bytes", size)
keep({values, ends, state}, ttl)
keep({COUNTS, COUNT_ENDS}, ttl + 1000)
append(ARGV[1], ARGV[2], ARGV[3])
return {epoch}
`,
  "cache.put",
);

/**
 * Reads an entry. ARGV: cache, key. Returns `{epoch}`, and where there is one the time that is left
 * (ms), the value and its tags.
 */
export const GET_VALUE = redisScript(
  `${PRELUDE}${VALUES}
local left, value, tags = live(ARGV[1], ARGV[2])
if not left then return {epoch} end
return {epoch, left, value, unpack(tags)}
`,
  "cache.get",
);

/**
 * Takes an entry out. ARGV: channel, the event's text, how many messages the log keeps, cache, key.
 * Returns 1 if it could have been answered until then.
 */
export const DELETE_VALUE = redisScript(
  `${PRELUDE}${APPEND}${VALUES}
local left = live(ARGV[4], ARGV[5])
takeOut(ARGV[4], ARGV[5])
append(ARGV[1], ARGV[2], ARGV[3])
return left and 1 or 0
`,
  "cache.delete",
);
