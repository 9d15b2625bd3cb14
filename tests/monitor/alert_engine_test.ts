import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { seededRandom } from "../../src/core/random.ts";
import { AlertEngine, MAX_RAISED, type Notice } from "../../src/monitor/alerts/alert_engine.ts";
import { engineState } from "../../src/monitor/alerts/alert_state.ts";
import type { Condition } from "../../src/monitor/alerts/condition.ts";
import { RULE_DEFAULTS, RULES } from "../../src/monitor/alerts/rule_settings.ts";
import { START } from "./fleet.ts";

const engineWith = (seed = 1) =>
  new AlertEngine({ settings: RULE_DEFAULTS, random: seededRandom(seed) });

function condition(options: Partial<Condition> = {}): Condition {
  const { rule = "no_primary", key = "s1" } = options;
  return {
    rule,
    key,
    subject: { shard: key },
    place: { shards: [key] },
    severity: "critical",
    summary: `${rule} ${key}`,
    advice: "Look at it.",
    value: null,
    threshold: null,
    raises: true,
    ...options,
  };
}

const look = (engine: AlertEngine, conditions: readonly Condition[], at: number) =>
  engine.tick({ conditions, unknown: new Set() }, START + at);

const kinds = (notices: readonly Notice[]) => notices.map(({ kind }) => kind);

/** Looks each second; `holds` says whether the shard has no primary then. */
function follow(engine: AlertEngine, seconds: number, holds: (second: number) => boolean) {
  const told: Notice[] = [];
  for (let second = 0; second < seconds; second++) {
    told.push(...look(engine, holds(second) ? [condition()] : [], second * 1_000));
  }
  return told;
}

Deno.test("AlertEngine raises what has held for its time, and clears it when it was over for long enough", () => {
  const engine = engineWith();
  assertEquals(kinds(follow(engine, 6, () => true)), []);
  const [raised] = look(engine, [condition()], 6_000);
  assertEquals([raised?.kind, raised?.alert.state, raised?.alert.raisedAt], [
    "raised",
    "raised",
    START + 6_000,
  ]);
  assertEquals(kinds(look(engine, [], 15_000)), []);
  assertEquals(kinds(look(engine, [condition()], 16_000)), []);
  assertEquals(kinds(look(engine, [], 25_000)), []);
  const [cleared] = look(engine, [], 26_000);
  assertEquals([cleared?.kind, cleared?.alert.id, cleared?.alert.clearedAt], [
    "cleared",
    raised?.alert.id,
    START + 26_000,
  ]);
  assertEquals(engine.alerts.map(({ state }) => state), ["cleared"]);
  look(engine, [], 26_000 + 3_600_000);
  assertEquals(engine.alerts, []);
});

Deno.test("AlertEngine raises nothing that holds for less than its time, however often", () => {
  const told = follow(engineWith(), 3_600, (second) => second % 20 < 5);
  assertEquals(told, []);
});

Deno.test("AlertEngine tells of a shard that flaps each second for an hour once", () => {
  const engine = engineWith();
  const told = follow(engine, 3_600, (second) => second % 2 === 0);
  assertEquals(kinds(told), ["raised"]);
});

Deno.test("AlertEngine tells of a shard that flaps each half minute for an hour six times at most", () => {
  const engine = engineWith();
  const told = follow(engine, 4_000, (second) => second < 3_600 && second % 60 < 30);
  assertEquals(kinds(told), ["raised", "cleared", "raised", "cleared", "raised", "cleared"]);
  assertEquals(told.map(({ alert }) => alert.flapping), [false, false, false, false, true, true]);
  const last = told.at(-1)?.alert;
  // It is over when it was calm for five minutes.
  assertEquals(last?.clearedAt, START + (3_569 + 300) * 1_000);
});

Deno.test("AlertEngine has nothing explained by what flapped and is over", () => {
  const engine = engineWith();
  const down = condition({ rule: "node_down", key: "s1a", place: { shards: ["s1"], node: "s1a" } });
  const semiSync = condition({ rule: "semi_sync_inactive" });
  const holds = (second: number) => second < 84 && second % 28 < 10;
  const told = [];
  for (let second = 0; second < 240; second++) {
    const found = [...holds(second) ? [down] : [], ...second < 180 ? [] : [semiSync]];
    told.push(...look(engine, found, second * 1_000));
  }
  assertEquals(told.at(-1)?.alert.rule, "semi_sync_inactive");
  assertEquals(engine.alerts.filter(({ state }) => state === "raised").length, 2);
});

Deno.test("AlertEngine keeps what was raised while its facts are unknown", () => {
  const engine = engineWith();
  follow(engine, 8, () => true);
  const unknown = new Set(["no_primary"] as const);
  for (let at = 8_000; at < 600_000; at += 2_000) {
    assertEquals(engine.tick({ conditions: [], unknown }, START + at), []);
  }
  assertEquals(engine.alerts.map(({ state }) => state), ["raised"]);
});

Deno.test("AlertEngine clears an alert when the clock was set back", () => {
  const engine = engineWith();
  follow(engine, 8, () => true);
  look(engine, [], -3_600_000);
  assertEquals(kinds(look(engine, [], -3_590_000)), ["cleared"]);
});

Deno.test("AlertEngine raises so many alerts and keeps so many that are over", () => {
  const engine = engineWith();
  const many = (from: number, count: number) =>
    Array.from({ length: count }, (_, n) => condition({ key: `shard-${from + n}` }));
  const told: Notice[] = [];
  for (let at = 0; at <= 8_000; at += 2_000) told.push(...look(engine, many(0, 450), at));
  assertEquals(told.length, MAX_RAISED);
  for (let round = 1; round < 6; round++) {
    for (let at = 0; at <= 40_000; at += 2_000) {
      look(engine, at < 20_000 ? many(1_000 * round, 90) : [], round * 40_000 + at);
    }
  }
  assertEquals(engine.alerts.length, 200);
});

Deno.test("AlertEngine goes on where another one stopped, over JSON", () => {
  const [first, second] = [engineWith(1), engineWith(2)];
  assertEquals(kinds(follow(first, 8, () => true)), ["raised"]);
  second.import(engineState.parse(JSON.parse(JSON.stringify(first.export()))));
  assertEquals(second.alerts, first.alerts);
  assertEquals(look(second, [condition()], 10_000), []);
  assertEquals(kinds(look(second, [], 20_000)), ["cleared"]);
});

Deno.test("AlertEngine joins what two have seen: what is over is over, and of two the older stays", () => {
  const [duty, alone] = [engineWith(1), engineWith(2)];
  const both = [condition(), condition({ key: "s2" })];
  for (let at = 0; at <= 6_000; at += 2_000) look(duty, both, at);
  alone.import(duty.export());
  // Without Redis: s1 was mended, s3 failed; the other one saw s3 fail too, before.
  for (let at = 8_000; at <= 24_000; at += 2_000) {
    look(duty, [...both, condition({ key: "s3" })], at);
    if (at >= 12_000) {
      look(alone, [condition({ key: "s2" }), condition({ key: "s3" })], at);
    }
  }
  const own = alone.alerts.filter(({ state }) => state === "raised");
  const ended = alone.merge(duty.export(), START + 26_000);
  assertEquals(ended.map(({ kind, alert }) => [kind, alert.subject.shard]), [["cleared", "s3"]]);
  assert(own.some(({ id }) => id === ended[0]?.alert.id));
  const raised = alone.alerts.filter(({ state }) => state === "raised");
  assertEquals(raised.map(({ subject: { shard } }) => shard).sort(), ["s2", "s3"]);
});

/** What rules might find, at random. */
const found = fc.array(
  fc.record({
    rule: fc.constantFrom(...RULES),
    key: fc.constantFrom("s1", "s2"),
    raises: fc.boolean(),
  }),
  { maxLength: 8 },
);
const looks = fc.array(
  fc.record({ found, unknown: fc.subarray([...RULES], { maxLength: 2 }), pauseMs: fc.nat(40_000) }),
  { maxLength: 120 },
);

Deno.test("AlertEngine never has two alerts for one thing, and ends each once at most", () => {
  fc.assert(fc.property(looks, fc.nat(), (looks, handOver) => {
    let engine = engineWith();
    let now = START;
    const raised = new Map<string, string>();
    const ids = new Set<string>();
    looks.forEach(({ found, unknown, pauseMs }, at) => {
      now += pauseMs;
      if (at === handOver % 120) {
        const next = engineWith(2);
        next.import(engineState.parse(JSON.parse(JSON.stringify(engine.export()))));
        engine = next;
      }
      const unique = new Map(found.map((one) => [`${one.rule} ${one.key}`, condition(one)]));
      const conditions = [...unique.values()];
      for (const { kind, alert } of engine.tick({ conditions, unknown: new Set(unknown) }, now)) {
        const about = `${alert.rule} ${JSON.stringify(alert.subject)}`;
        if (kind === "raised") {
          assert(!raised.has(about), `${about} is raised twice`);
          assert(!ids.has(alert.id), "an id comes twice");
          ids.add(alert.id);
          raised.set(about, alert.id);
        } else {
          assertEquals(raised.get(about), alert.id);
          raised.delete(about);
        }
      }
      const shown = engine.alerts.filter(({ state }) => state === "raised").map(({ id }) => id);
      assertEquals(shown.sort(), [...raised.values()].sort());
    });
  }));
});

Deno.test("AlertEngine makes the same alerts of the same findings", () => {
  fc.assert(
    fc.property(looks, (looks) => {
      const run = () => {
        const engine = engineWith();
        let now = START;
        return looks.map(({ found, pauseMs }) =>
          engine.tick({ conditions: found.map(condition), unknown: new Set() }, now += pauseMs)
        );
      };
      assertEquals(run(), run());
    }),
    { numRuns: 30 },
  );
});

Deno.test("AlertEngine tells of one condition a bounded number of times in an hour, however it comes and goes", () => {
  const turns = fc.array(fc.record({ on: fc.nat(60), off: fc.nat(60) }), { minLength: 1 });
  fc.assert(fc.property(turns, (turns) => {
    const states = turns.flatMap(({ on, off }) => [
      ...Array.from({ length: on }, () => true),
      ...Array.from({ length: off }, () => false),
    ]);
    if (states.length === 0) return;
    const told = follow(engineWith(), 3_600, (second) => states[second % states.length] === true);
    // Pauses are below the five minutes after which what flaps is over: it is told of three times.
    assert(told.length <= 5, `${told.length} notices`);
  }));
});
