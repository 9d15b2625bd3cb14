/*
 * The entries that clients put, as Redis keeps them. A cache is a hash of its values by key, a sorted
 * set of their keys by when they end (ms), and a hash with the `epoch` that they belong to and their
 * `bytes`: with another epoch all of them are void, for nobody knows what was lost with the old one.
 * A value stands behind a line with its end, its tags and the count of each tag when it was put.
 *
 * A tag has a count. Dropping it counts on, which voids whatever has it, however much that is; one
 * that is missing voids it too. A count lives as long as the last of what has it, and begins at the
 * time, so that none begins as another one was. There is one hash of them for the fleet, and a
 * sorted set by when they end. The head's `values` is the epoch in which there is any entry: until
 * then a drop costs nothing.
 */

/**
 * Functions for scripts that begin with the log's prelude and have as KEYS[4] what the keys of values
 * begin with.
 */
export const VALUES = `
local prefix = KEYS[4]
local COUNTS, COUNT_ENDS, MAX_COUNTS = prefix .. "counts", prefix .. "count-ends", 500000
local nowMs = math.floor(now / 1000)
local placesOf = function(cache)
  return prefix .. "values:" .. cache, prefix .. "ends:" .. cache, prefix .. "state:" .. cache
end
local sizeOf = function(packedSize, key) return packedSize + #key + 128 end

-- Takes an entry out, whatever its state.
local takeOut = function(cache, key)
  local values, ends, state = placesOf(cache)
  redis.call("ZREM", ends, key)
  local size = redis.call("HSTRLEN", values, key)
  if size == 0 then return end
  redis.call("HDEL", values, key)
  redis.call("HINCRBY", state, "bytes", -sizeOf(size, key))
end

local dropTag = function(tag)
  if string.sub(tag, 1, 1) ~= "#" then
    if redis.call("HEXISTS", COUNTS, tag) == 1 then redis.call("HINCRBY", COUNTS, tag, 1) end
    return
  end
  local cache, key = string.match(tag, "^#([^/]*)/(.*)$")
  if cache then return takeOut(cache, key) end
  redis.call("UNLINK", placesOf(string.sub(tag, 2)))
end

-- The time that is left, the value and the tags of an entry; nothing where it is over or void.
local live = function(cache, key)
  local values, ends, state = placesOf(cache)
  if redis.call("HGET", state, "epoch") ~= epoch then return end
  local packed = redis.call("HGET", values, key)
  if not packed then return end
  local line = string.find(packed, "\\n", 1, true)
  local left = tonumber(string.match(packed, "^%d+")) - nowMs
  if left <= 0 then return end
  local tags, counts = {}, {}
  for tag, count in string.gmatch(string.sub(packed, 1, line - 1), " (%S+) (%S+)") do
    tags[#tags + 1], counts[#counts + 1] = tag, count
  end
  if #tags > 0 then
    for at, count in ipairs(redis.call("HMGET", COUNTS, unpack(tags))) do
      if count ~= counts[at] then return end
    end
  end
  return left, string.sub(packed, line + 1), tags
end
`;
