import { redisScript } from "../drivers/redis.ts";

/*
 * A lock is a hash: `token`, `attempt`, `owner` and `until` of its holder, the last `fence`, the token
 * (`stamp`) whose fence came from elsewhere, the last `ticket`, and whose turn it is (`next`, until
 * `nextUntil`). Its queue is a sorted set of attempts
 * by ticket. An attempt is `isolate.number`, so that its isolate's channel is known. All instants
 * are microseconds of the server's clock.
 *
 * A free lock is not granted to whoever comes first: it is kept for the first in the queue, whose
 * isolate is told and has half a second to claim it. Where it does not, all that this isolate has
 * in the queue is taken out; if it was only slow, it puts them back in their places (CHECK).
 *
 * The text of each script stands as it is in Redis's cache: no value is ever written into it.
 */
const PRELUDE = `
local time = redis.call("TIME")
local now = time[1] * 1000000 + time[2]
local KEPT_MS, QUEUE_MS, TURN = 86400000, 90000, 500000
local digits = function(number) return string.format("%.0f", number) end
local known = redis.call("HMGET", KEYS[1], "token", "until", "fence", "owner", "next", "nextUntil",
  "ticket", "attempt", "stamp")
local holder, heldUntil = known[1], tonumber(known[2] or 0)
local held = holder and heldUntil > now
local nextUntil = tonumber(known[6] or 0)

-- Of a free lock: whose turn it is, or false where nobody waits.
local turn = function(wake, name)
  if known[5] then
    if nextUntil > now then return known[5] end
    local isolate = string.match(known[5], "^[^.]+") .. "."
    for _, attempt in ipairs(redis.call("ZRANGE", KEYS[2], 0, -1)) do
      if string.sub(attempt, 1, #isolate) == isolate then redis.call("ZREM", KEYS[2], attempt) end
    end
    redis.call("HDEL", KEYS[1], "next", "nextUntil")
    known[5] = false
  end
  local first = redis.call("ZRANGE", KEYS[2], 0, 0)[1]
  if not first then return false end
  known[5], nextUntil = first, now + TURN
  redis.call("HSET", KEYS[1], "next", first, "nextUntil", digits(nextUntil))
  redis.call("PUBLISH", wake .. string.match(first, "^[^.]+"), name .. " " .. first)
  return first
end
`;

/**
 * Grants the lock, queues the attempt, or says who holds it.
 *
 * KEYS: lock, queue, tombstone of the attempt, and the record of the idempotency key where there is
 * one. ARGV: wake prefix, name, token, attempt, ttl, whether to wait, owner, ticket of an attempt
 * that is queued already, the longest queue; with a record: fingerprint and lifetime (ms).
 */
export const ACQUIRE = redisScript(
  `${PRELUDE}
local wake, name, token, attempt, ttl = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local waits, owner, ticket = ARGV[6] == "1", ARGV[7], ARGV[8]
if redis.call("EXISTS", KEYS[3]) == 1 then return {"withdrawn"} end
local same = token
if KEYS[4] then
  local record = redis.call("GET", KEYS[4])
  if record then
    local first, fingerprint = string.match(record, "^(%S+) (.*)$")
    if fingerprint ~= ARGV[10] then return {"reused"} end
    if not held or holder ~= first then return {"over"} end
    same = first
  end
end
if held and holder == same then
  redis.call("HSET", KEYS[1], "attempt", attempt)
  redis.call("ZREM", KEYS[2], attempt)
  return {"granted", same, known[3], heldUntil - now, known[8] == attempt and 0 or 1, 0,
    known[9] == same and 1 or 0}
end
local turnOf = not held and turn(wake, name)
if not held and (not turnOf or turnOf == attempt) then
  local fence = digits(math.max(tonumber(known[3] or 0) + 1, now))
  redis.call("HSET", KEYS[1], "token", token, "attempt", attempt, "owner", owner,
    "until", digits(now + ttl), "fence", fence)
  redis.call("PEXPIRE", KEYS[1], KEPT_MS)
  if turnOf then
    redis.call("HDEL", KEYS[1], "next", "nextUntil")
    redis.call("ZREM", KEYS[2], attempt)
  end
  if KEYS[4] then redis.call("SET", KEYS[4], token .. " " .. ARGV[10], "PX", ARGV[11]) end
  return {"granted", token, fence, ttl, 0, holder and 1 or 0, 0}
end
local left = (held and heldUntil or nextUntil) - now
if waits then
  if ticket == "" then
    if redis.call("ZCARD", KEYS[2]) >= tonumber(ARGV[9]) then return {"full"} end
    ticket = digits(math.max(tonumber(known[7] or 0) + 1, now))
    redis.call("HSET", KEYS[1], "ticket", ticket)
    redis.call("PEXPIRE", KEYS[1], KEPT_MS)
  end
  redis.call("ZADD", KEYS[2], ticket, attempt)
  redis.call("PEXPIRE", KEYS[2], QUEUE_MS)
  return {"queued", ticket, left}
end
if ticket ~= "" then redis.call("ZREM", KEYS[2], attempt) end
return {"held", held and known[4] or "", left, redis.call("ZCARD", KEYS[2])}
`,
  "lock.acquire",
);

/**
 * Gives the lock up. KEYS: lock, queue. ARGV: wake prefix, name, token (empty: whoever holds it).
 * Returns 1 if it was held so.
 */
export const RELEASE = redisScript(
  `${PRELUDE}
local token, released = ARGV[3], 0
if holder and (token == "" or holder == token) then
  redis.call("HDEL", KEYS[1], "token", "attempt", "owner", "until")
  released = held and 1 or 0
  held = false
end
if not held then turn(ARGV[1], ARGV[2]) end
return released
`,
  "lock.release",
);

/**
 * Undoes an attempt, whatever became of it, and whether it has reached the server yet or not: a
 * tombstone keeps one that comes later from being granted. A grant that a later attempt under the
 * same idempotency key has taken over stays.
 *
 * KEYS: lock, queue, tombstone, and the idempotency record where there is one. ARGV: wake prefix,
 * name, token, attempt, the tombstone's lifetime (ms).
 */
export const WITHDRAW = redisScript(
  `${PRELUDE}
local attempt = ARGV[4]
redis.call("SET", KEYS[3], "1", "PX", ARGV[5])
redis.call("ZREM", KEYS[2], attempt)
if known[5] == attempt then
  redis.call("HDEL", KEYS[1], "next", "nextUntil")
  known[5] = false
end
if holder == ARGV[3] and known[8] == attempt then
  redis.call("HDEL", KEYS[1], "token", "attempt", "owner", "until")
  if KEYS[4] then redis.call("DEL", KEYS[4]) end
  held = false
end
if not held then turn(ARGV[1], ARGV[2]) end
return 1
`,
  "lock.withdraw",
);

/**
 * One isolate's look at a lock that it waits for: puts back what it has in the queue, and passes the
 * turn on where it lies idle. KEYS: lock, queue. ARGV: wake prefix, name, then ticket and attempt
 * of each waiter. Returns whose turn it is (empty: it is held) and how long that lasts.
 */
export const CHECK = redisScript(
  `${PRELUDE}
for i = 3, #ARGV, 2 do redis.call("ZADD", KEYS[2], "NX", ARGV[i], ARGV[i + 1]) end
redis.call("PEXPIRE", KEYS[2], QUEUE_MS)
local turnOf = not held and turn(ARGV[1], ARGV[2])
return {turnOf or "", (held and heldUntil or nextUntil) - now}
`,
  "lock.check",
);

/**
 * Extends grants. KEYS: locks. ARGV: of each its token, ttl, and a fence that replaces its own, or
 * an empty string. Returns of each its fence, or an empty string if it is lost.
 */
export const RENEW = redisScript(
  `
local time = redis.call("TIME")
local now = time[1] * 1000000 + time[2]
local KEPT_MS = 86400000
local answers = {}
for i, key in ipairs(KEYS) do
  local known = redis.call("HMGET", key, "token", "until", "fence")
  local token, ttl, fence = ARGV[3 * i - 2], ARGV[3 * i - 1], ARGV[3 * i]
  if known[1] == token and tonumber(known[2] or 0) > now then
    if fence == "" then fence = known[3] else redis.call("HSET", key, "stamp", token) end
    redis.call("HSET", key, "until", string.format("%.0f", now + ttl), "fence", fence)
    redis.call("PEXPIRE", key, KEPT_MS)
    answers[i] = fence
  else
    answers[i] = ""
  end
end
return answers
`,
  "lock.renew",
);

/**
 * Shows a lock. KEYS: lock, queue. Returns whether it is held, owner, last fence, what is left, and
 * how many wait.
 */
export const INSPECT = redisScript(
  `${PRELUDE}
return {held and 1 or 0, held and known[4] or "", known[3] or "", held and heldUntil - now or 0,
  redis.call("ZCARD", KEYS[2])}
`,
  "lock.inspect",
);

/**
 * One step of a walk over the locks that are held. KEYS: what locks' keys begin with, what queues'
 * keys begin with. ARGV: cursor, pattern. Returns the next cursor and of each lock its name and
 * what INSPECT returns but the first. A lock can come twice, as with SCAN.
 */
export const LIST = redisScript(
  `
local time = redis.call("TIME")
local now = time[1] * 1000000 + time[2]
local page = redis.call("SCAN", ARGV[1], "MATCH", ARGV[2], "COUNT", 1000, "TYPE", "hash")
local found = {}
for _, key in ipairs(page[2]) do
  local known = redis.call("HMGET", key, "token", "until", "fence", "owner")
  local left = tonumber(known[2] or 0) - now
  if known[1] and left > 0 then
    local name = string.sub(key, #KEYS[1] + 1)
    found[#found + 1] = {name, known[4], known[3], left, redis.call("ZCARD", KEYS[2] .. name)}
  end
end
return {page[1], found}
`,
  "lock.list",
);
