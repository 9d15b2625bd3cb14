import type { Schema } from "./scalar_schema.ts";
import { count, flag, listOf, object, ref, text, textOrNull } from "./schema_parts.ts";

const instant = (description: string): Schema => ({
  type: ["integer", "null"],
  description: `${description}, in Unix milliseconds.`,
});
const number = (description: string): Schema => ({ type: "number", minimum: 0, description });
const numberOrNull = (description: string): Schema => ({ type: ["number", "null"], description });
const ROLE = { type: "string", enum: ["primary", "replica", "unknown"] };

const COUNTS: Schema = {
  calls: count("Calls that ended, with whatever."),
  errors: {
    type: "object",
    additionalProperties: { type: "integer" },
    description: "Calls that failed, by the error's code.",
  },
  cached: count("Calls that a cache answered."),
  batched: count("Keys that were read by a query for several at once."),
  rows: count("Rows that databases answered or matched."),
  bytes: count("Characters of JSON that were answered."),
  queries: count("Queries that were sent to a database."),
  queryMs: number("How long those took, in milliseconds."),
  callMs: number("How long the calls took, in milliseconds; those of a cache are not timed."),
  callBuckets: {
    ...listOf({ type: "integer" }),
    description: "Calls that took up to 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1,000, 2,500 " +
      "and 5,000 ms, and those that took longer.",
  },
};

/** The schemas of the monitor's answers. */
export function monitorSchemas(): Schema {
  return {
    ShardHealth: object({
      name: text("As configured."),
      status: { type: "string", enum: ["ok", "no_primary", "split_brain", "unknown"] },
      primary: textOrNull("The node that takes writes."),
      epoch: text("Grows with every change of primary."),
      why: textOrNull("Why it has no primary."),
    }),
    DBHealthStatus: object({
      node: text("As configured."),
      shard: text("As configured."),
      role: ROLE,
      up: flag("Whether it answered the last look."),
      ejected: textOrNull("Why it takes no reads."),
      drained: {
        type: ["object", "null"],
        description: "An operator has it take no reads.",
        properties: { by: text("By which key."), at: instant("Since when") },
      },
      version: textOrNull("By its own word."),
      latencyMs: numberOrNull("How long the last look took."),
      lagMs: numberOrNull("Behind the primary's heartbeat row."),
      semiSync: {
        type: ["boolean", "null"],
        description: "Whether its writes wait for a replica.",
      },
      observedAt: instant("When it was looked at last"),
      connections: {
        type: ["object", "null"],
        properties: { used: count("It has."), max: count("It allows.") },
      },
      server: {
        type: ["object", "null"],
        description: "What it says of itself, asked each ten seconds; null until it was asked.",
        properties: {
          at: instant("When it was asked"),
          threadsRunning: numberOrNull("Threads that work."),
          bufferPoolHitRate: numberOrNull("Pages that were in memory, 0 to 1, since it was asked."),
          replication: {
            type: ["object", "null"],
            description: "null where it replicates from nobody.",
            properties: {
              receiving: flag("Whether it is connected to its primary."),
              applying: flag("Whether it applies what it has received."),
              lagSeconds: numberOrNull("By its own word."),
              errorNumber: numberOrNull("Of the error that stopped it."),
            },
          },
        },
      },
      history: {
        ...listOf(object({
          at: instant("When"),
          up: flag("Whether it answered."),
          role: ROLE,
          latencyMs: numberOrNull("As above."),
          lagMs: numberOrNull("As above."),
          connections: numberOrNull("It had."),
          threadsRunning: numberOrNull("As above."),
        })),
        description: "A point a minute, the oldest first; an hour at most.",
      },
    }),
    Process: object({
      id: text("New with each start."),
      host: text("The machine's or the container's name."),
      pid: count("On that machine."),
      version: text("Of Realmgate."),
      startedAt: instant("When it started"),
      at: instant("When it spoke last"),
      ageMs: number("How long ago that was, by Redis's clock."),
      state: { type: "string", enum: ["alive", "silent"] },
      onDuty: flag("Whether it looks at the databases for the fleet."),
      redisUp: flag("Whether Redis answers it."),
      rssBytes: count("Resident memory."),
      isolates: listOf(object({
        name: text("Unique in its process."),
        at: instant("When it spoke last"),
        startedAt: instant("When it started"),
        requests: count("Under way."),
        heapBytes: count("Of its heap."),
      })),
    }),
    QueryMetrics: object({
      statement: text("Its name."),
      shard: text(
        "`*` for calls of several shards, `-` for those that failed before one was chosen.",
      ),
      kind: { type: "string", enum: ["read", "write"] },
      since: { ...object(COUNTS), description: "Since the processes started." },
      recent: {
        ...object({ ...COUNTS, seconds: number("How long that is.") }),
        description: "In the last ten seconds.",
      },
      latency: {
        ...object({
          total: ref("Latency"),
          queue: ref("Latency"),
          execute: ref("Latency"),
          encode: ref("Latency"),
        }),
        description: "Of the last five minutes: whole calls that no cache answered, the wait of " +
          "each query for its connection, the query, and what follows until the answer is written.",
      },
    }),
    Latency: {
      ...object({
        count: count("How many."),
        mean: number("In milliseconds, as all that follow."),
        p50: number("Half took no longer."),
        p90: number("Nine of ten took no longer."),
        p99: number("99 of 100 took no longer."),
        max: number("None took longer."),
      }),
      description: "Durations, to one part in thirty.",
    },
    SlowSample: object({
      at: instant("When it ended"),
      statement: text("Its name."),
      shard: text("Where it ran."),
      source: text("`replica` or `primary`; of a call that failed, the error's code."),
      totalMs: number("The whole call."),
      queueMs: number("Its wait for a connection."),
      executeMs: number("Its query, with the wait for a batch."),
      encodeMs: number("From there to the answer."),
      rows: count("It answered or matched."),
      params: {
        type: "object",
        additionalProperties: { type: "string" },
        description: "Each parameter's type, by name.",
      },
      plan: textOrNull("The fingerprint of its plan then."),
    }),
    NodePools: object({
      node: text("As configured."),
      max: count("Connections at most, of all that are alive."),
      connecting: count("Being made."),
      idle: count("Free."),
      inUse: count("Lent."),
      validating: count("Being checked or recovered."),
      waiting: count("Calls that wait for one."),
      isolates: {
        ...listOf({ type: "object", additionalProperties: true }),
        description:
          "The same of each isolate, with `process`, `isolate`, and `totals` since then.",
      },
    }),
    Alert: object({
      id: text("Unique for each time that it is raised."),
      rule: text("Stable; branch on it."),
      severity: { type: "string", enum: ["warning", "critical"] },
      state: { type: "string", enum: ["raised", "cleared"] },
      subject: {
        type: "object",
        additionalProperties: { type: "string" },
        description:
          "What it is about: `shard`, `node`, `statement`, `process`, `isolate`, `table`.",
      },
      summary: text("What is the case, for people."),
      advice: text("What to do about it."),
      value: numberOrNull("What was measured."),
      threshold: numberOrNull("From where on it is too much."),
      raisedAt: instant("When it was raised"),
      clearedAt: instant("When it was over"),
      flapping: flag("It comes and goes: it stays raised until it is calm for some minutes."),
    }),
  };
}
