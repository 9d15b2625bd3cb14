import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { CacheEvent, CacheMessage } from "../../src/cache/cache_event.ts";
import { decodeMessage } from "../../src/cache/cache_event.ts";
import { CoherenceLog } from "../../src/cache/coherence_log.ts";
import type { Ask } from "../../src/cache/renewal.ts";
import { redisScript } from "../../src/drivers/redis.ts";
import { done, intent, type LogFixture, ORIGIN_US, withLog } from "./log_fixture.ts";
import { ModelLog } from "./model/model_log.ts";
import { runOnModel } from "./model/model_redis.ts";

/** What happens to a log. Readers are those that know what the log told them last. */
type Step =
  | { readonly kind: "record"; readonly events: readonly CacheEvent[] }
  | { readonly kind: "renew"; readonly reader: number; readonly ask: Ask }
  | { readonly kind: "leave"; readonly reader: number }
  | { readonly kind: "overdue" | "flush" | "move" }
  | { readonly kind: "pass"; readonly us: number };

const id = fc.constantFrom("a", "b", "c");
const event: fc.Arbitrary<CacheEvent> = fc.oneof(
  fc.tuple(id, fc.integer({ min: 1, max: 3_000 }))
    .map(([id, limitMs]) => intent(id, { limitMs })),
  id.map(done),
  id.map((id) => ({ kind: "aborted" as const, id })),
  fc.constant<CacheEvent>({ kind: "dropped", tags: ["x y", "ü"], place: undefined }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("record" as const),
      events: fc.array(event, { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("renew" as const),
      reader: fc.nat({ max: 2 }),
      ask: fc.constantFrom<Ask>("plain", "log", "full"),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("pass" as const),
      us: fc.oneof(fc.nat({ max: 5 }), fc.nat({ max: 3_000_000 }), fc.nat({ max: 70_000_000 })),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("leave" as const), reader: fc.nat({ max: 2 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom("overdue" as const, "flush", "move") }),
  },
);

const FLUSH = redisScript(
  `redis.call("DEL", KEYS[1], KEYS[1] .. ":log", KEYS[1] .. ":intents", KEYS[1] .. ":readers")`,
);
/** The log is another server's, as if its process had been replaced. */
const MOVE = redisScript(
  `if redis.call("EXISTS", KEYS[1]) == 1 then redis.call("HSET", KEYS[1], "server", "other") end`,
);

/** One of both: the scripts, or what stands for them. */
interface Side {
  readonly log: CoherenceLog;
  published(): Promise<readonly CacheMessage[]>;
  setClock(us: number): Promise<void>;
  flush(): Promise<void>;
  move(): Promise<void>;
}

function scripts({ log, published, setClock, redis }: LogFixture): Side {
  const run = async (script: typeof FLUSH) => {
    await redis.run(script, { keys: ["{test}:coherence"], args: [] });
  };
  return { log, published, setClock, flush: () => run(FLUSH), move: () => run(MOVE) };
}

function model(): Side {
  let [now, server] = [ORIGIN_US, 1];
  const begin = () => new ModelLog({ server: `${server}`, keeps: 4_096, noticesServer: true });
  let state = begin();
  const messages: CacheMessage[] = [];
  const log = new CoherenceLog({
    fleet: "test",
    redis: {
      run: (script, { args }) => {
        const { reply, published } = runOnModel(state, { script, args, nowUs: now });
        if (published !== undefined) messages.push(decodeMessage(published));
        return Promise.resolve(reply);
      },
    },
  });
  return {
    log,
    published: () => Promise.resolve(messages.splice(0)),
    setClock: (us) => Promise.resolve(void (now = us)),
    flush: () => Promise.resolve(void (state = begin())),
    move: () => Promise.resolve(void (state = state.copy(`${++server}`))),
  };
}

/** What both have told, step by step. */
async function history(side: Side, steps: readonly Step[]): Promise<unknown[]> {
  const told: unknown[] = [];
  const readers = [0, 1, 2].map((id) => ({ id: `${id}`, epoch: "", sequence: 0, holdMs: 1_500 }));
  let now = ORIGIN_US;
  await side.flush();
  await side.setClock(now);
  for (const step of steps) {
    switch (step.kind) {
      case "record":
        await side.log.record(step.events);
        break;
      case "renew": {
        const reader = readers[step.reader];
        if (reader === undefined) break;
        const renewal = await side.log.renew(step.ask, reader);
        const { epoch, sequence, intents } = renewal;
        if (step.ask !== "plain") readers[step.reader] = { ...reader, epoch, sequence };
        told.push({ ...renewal, intents: intents && byId(intents) });
        break;
      }
      case "leave":
        await side.log.leave(`${step.reader}`);
        break;
      case "overdue":
        told.push(byId(await side.log.overdue()));
        break;
      case "pass":
        await side.setClock(now += step.us);
        break;
      case "flush":
        // The clock goes on: an epoch of the same microsecond would not be another one.
        await side.setClock(++now);
        await side.flush();
        break;
      case "move":
        await side.move();
    }
    told.push(await side.published());
  }
  return told;
}

/** Redis keeps its hashes in no order. */
function byId<T extends { readonly id: string }>(intents: readonly T[]): T[] {
  return [...intents].sort((one, other) => one.id < other.id ? -1 : 1);
}

Deno.test("ModelLog does what the scripts do", () =>
  withLog(async (fixture) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30, size: "max" }), async (steps) => {
        const [real, modelled] = [scripts(fixture), model()];
        assertEquals(await history(modelled, steps), await history(real, steps));
      }),
      { numRuns: 60 },
    );
  }));
