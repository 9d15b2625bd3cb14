import { redisScript } from "../drivers/redis.ts";
import { VALUES } from "./value_lua.ts";

/*
 * The fleet's log of cache events. Its head is a hash: `epoch` and `server` (one life of one Redis
 * process), `seq`, when the epoch began (`since`) and whether it is the `heir` of another one, of
 * which something may be lost. The log itself is a stream of the last few thousand messages, so that
 * a reader that lost its connection need not start anew; open intents are a hash by id, `deadline
 * event`; readers are a sorted set by when they renewed last. Sequences are `max(previous + 1, now)`
 * in microseconds, so that they grow even past a loss of state.
 */
export const PRELUDE = `
local time = redis.call("TIME")
local now = time[1] * 1000000 + time[2]
local digits = function(number) return string.format("%.0f", number) end
local known = redis.call("HMGET", KEYS[1], "epoch", "seq", "server", "since", "heir", "values")
local epoch, seq, server = known[1], tonumber(known[2] or 0), known[3]
local since, heir = tonumber(known[4] or 0), known[5] == "1"
local begin = function(inherits)
  server = string.match(redis.call("INFO", "server"), "run_id:(%x+)")
  since, heir = now, inherits
  epoch, seq = digits(math.max(seq + 1, now)), math.max(seq + 1, now)
  redis.call("DEL", KEYS[2])
  redis.call("HSET", KEYS[1], "epoch", epoch, "seq", digits(seq), "server", server,
    "since", digits(since), "heir", heir and "1" or "0")
end
if not epoch then begin(false) end
`;

/** Appends events as one message, and publishes it; for scripts that begin with the prelude. */
export const APPEND = `
local append = function(channel, events, kept)
  local previous = digits(seq)
  seq = math.max(seq + 1, now)
  redis.call("HSET", KEYS[1], "seq", digits(seq))
  redis.call("XADD", KEYS[2], "MAXLEN", "~", kept, digits(seq) .. "-0", "p", previous, "e", events)
  redis.call("PUBLISH", channel, epoch .. " " .. previous .. " " .. digits(seq) .. " " .. events)
end
`;

/**
 * Appends events as one message, and publishes it. What clients put under the tags that are dropped
 * is void from now on.
 *
 * KEYS: head, log, intents, what the keys of values begin with. ARGV: channel, the events' text, how
 * many messages the log keeps, how many intents are opened; of each its id, how long it can take
 * (ms) and its text; then the ids of those that are closed. Returns `{epoch, sequence}`.
 */
export const RECORD = redisScript(
  `${PRELUDE}${APPEND}
local opened = tonumber(ARGV[4])
for i = 0, opened - 1 do
  local id, limit, text = ARGV[5 + 3 * i], tonumber(ARGV[6 + 3 * i]), ARGV[7 + 3 * i]
  redis.call("HSET", KEYS[3], id, digits(now + limit * 1000) .. " " .. text)
end
for i = 5 + 3 * opened, #ARGV do redis.call("HDEL", KEYS[3], ARGV[i]) end
if known[6] == epoch then ${VALUES}
  for _, event in ipairs(cjson.decode(ARGV[2])) do
    local tags = event[1] == "x" and event[2] or event[1] ~= "a" and event[3] or {}
    for _, tag in ipairs(tags) do dropTag(tag) end
  end
end
append(ARGV[1], ARGV[2], ARGV[3])
return {epoch, digits(seq)}
`,
  "cache.record",
);

/**
 * Renews a read lease. It writes, so that a server which must not be written to refuses it: a replica,
 * or a master without enough replicas. Another process behind the address begins another epoch.
 *
 * Intents that were lost with an epoch may be those of writes that are under way, so that nothing is
 * stored in its heir for as long as these can take; unless all its readers have left before, or were
 * silent for a minute more than that: a write begins after its reader's last renewal, and a replica
 * that was promoted may lack the newest of them. After a loss of all only a reader that was there before can tell that there was
 * an epoch: then those who were faster begin anew with it.
 *
 * KEYS: head, log, intents, readers. ARGV: `plain`, `log` or `full`, the reader, its epoch and
 * sequence, how long nothing may be stored in an epoch that is another's heir (ms), the longest
 * answer (in messages). Returns `{epoch, sequence}`; with `log` also `{sequence, previous, events,
 * …}`, with `full` also the hold that is left (us) and the open intents' texts.
 */
export const RENEW = redisScript(`${PRELUDE}
local ask, reader, knows, from = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local silent = digits(now - tonumber(ARGV[5]) * 1000 - 60000000)
if ask ~= "plain" and string.match(redis.call("INFO", "server"), "run_id:(%x+)") ~= server then
  begin(redis.call("ZCOUNT", KEYS[4], "(" .. silent, "+inf") > 0)
end
redis.call("ZADD", KEYS[4], digits(now), reader)
redis.call("ZREMRANGEBYSCORE", KEYS[4], "-inf", silent)
if ask == "log" then
  local messages = {}
  if knows == epoch then
    for _, item in ipairs(redis.call("XRANGE", KEYS[2], "(" .. from .. "-0", "+", "COUNT", ARGV[6])) do
      table.insert(messages, string.match(item[1], "^%d+"))
      table.insert(messages, item[2][2])
      table.insert(messages, item[2][4])
    end
  end
  return {epoch, digits(seq), messages}
end
if ask == "full" then
  if knows ~= "" and knows ~= epoch and not heir then begin(true) end
  local hold = heir and math.max(0, since + tonumber(ARGV[5]) * 1000 - now) or 0
  local intents = {}
  for at, text in ipairs(redis.call("HVALS", KEYS[3])) do
    intents[at] = string.match(text, "^%d+ (.*)$")
  end
  return {epoch, digits(seq), digits(hold), intents}
end
return {epoch, digits(seq)}
`);

/** A reader has nothing under way any longer. KEYS: readers. ARGV: the reader. */
export const LEAVE = redisScript(`return redis.call("ZREM", KEYS[1], ARGV[1])`);

/**
 * The intents whose time is over: somebody has to find out what became of them.
 *
 * KEYS: head, log, intents. Returns their texts.
 */
export const OVERDUE = redisScript(`${PRELUDE}
local overdue = {}
for _, text in ipairs(redis.call("HVALS", KEYS[3])) do
  local deadline, event = string.match(text, "^(%d+) (.*)$")
  if tonumber(deadline) <= now then table.insert(overdue, event) end
end
return overdue
`);
