import { assertEquals } from "@std/assert";
import { silentLog } from "../../src/core/log.ts";
import { seededRandom } from "../../src/core/random.ts";
import type { DutyState } from "../../src/locks/fleet_duty.ts";
import { AlertStore } from "../../src/monitor/alerts/alert_store.ts";
import { RULE_DEFAULTS } from "../../src/monitor/alerts/rule_settings.ts";
import { AlertWatch } from "../../src/service/alert_watch.ts";
import type { IoredisClient } from "../../src/drivers/ioredis_client.ts";
import { withRedis } from "../drivers/redis_fixture.ts";
import { eventually } from "../support/eventually.ts";
import { TestFleet } from "./fleet.ts";

/** One process that watches a fleet which others watch too. */
class WatchingProcess {
  readonly told: string[] = [];
  /** What was told again, for whoever was on duty before may have died with it. */
  readonly again: string[] = [];
  readonly watch: AlertWatch;
  readonly #fleet: TestFleet;
  /** How often it was asked for facts. */
  asked = 0;

  constructor(fleet: TestFleet, { redis, seed }: { redis: IoredisClient; seed: number }) {
    this.#fleet = fleet;
    this.watch = new AlertWatch({
      settings: RULE_DEFAULTS,
      store: new AlertStore({ fleet: "test", redis, log: silentLog }),
      sinks: [{
        tell: ({ kind, alert, again = false }) => {
          const { node, shard } = alert.subject;
          (again ? this.again : this.told).push([kind, alert.rule, node ?? shard].join(" ").trim());
        },
        stop: () => Promise.resolve(),
      }],
      clock: { wallMs: () => fleet.at },
      random: seededRandom(seed),
      log: silentLog,
    });
  }

  tick(duty: DutyState): Promise<void> {
    return this.watch.tick({
      duty,
      facts: () => {
        this.asked++;
        return { view: this.#fleet.view() };
      },
    });
  }

  /** What is raised, as it is shown. */
  raised(): string[] {
    return this.watch.alerts.filter(({ state }) => state === "raised")
      .map(({ rule, subject }) => `${rule} ${subject.node ?? ""}`.trim());
  }
}

/** Two processes of a fleet, of which the first is on duty at first. */
async function withTwo(
  test: (setting: {
    readonly fleet: TestFleet;
    readonly first: WatchingProcess;
    readonly second: WatchingProcess;
    /** Lets time pass with these parts, in looks of two seconds. */
    readonly run: (looks: number, first: DutyState | "dead", second: DutyState) => Promise<void>;
    /** Stops Redis, or lets it go on. */
    readonly redis: (state: "up" | "down") => Promise<void>;
  }) => Promise<void>,
): Promise<void> {
  await withRedis(async (server, connect) => {
    const redis = connect();
    await redis.start();
    const fleet = new TestFleet();
    const [first, second] = [1, 2].map((seed) => new WatchingProcess(fleet, { redis, seed }));
    if (first === undefined || second === undefined) throw new Error("Cannot happen");
    await test({
      fleet,
      first,
      second,
      run: async (looks, one, other) => {
        for (let look = 0; look < looks; look++) {
          fleet.pass(2_000);
          if (one !== "dead") await first.tick(one);
          await second.tick(other);
        }
      },
      redis: async (state) => {
        server.kill(state === "down" ? "SIGSTOP" : "SIGCONT");
        await eventually(() => redis.state === state);
      },
    });
  });
}

Deno.test("AlertWatch shows all processes what the one on duty raises, and that one alone tells of it", async () => {
  await withTwo(async ({ fleet, first, second, run }) => {
    fleet.node("s1b").up = false;
    await run(5, "ours", "theirs");
    assertEquals([first.raised(), second.raised()], [["node_down s1b"], ["node_down s1b"]]);
    assertEquals(first.watch.alerts[0]?.id, second.watch.alerts[0]?.id);
    fleet.node("s1b").up = true;
    await run(10, "ours", "theirs");
    assertEquals(second.watch.alerts.map(({ state }) => state), ["cleared"]);
    assertEquals(first.told, ["raised node_down s1b", "cleared node_down s1b"]);
    assertEquals([second.told, second.asked], [[], 0]);
  });
});

Deno.test("AlertWatch goes on with what is raised where the process on duty dies, and raises it not again", async () => {
  await withTwo(async ({ fleet, first, second, run }) => {
    fleet.node("s1b").up = false;
    await run(5, "ours", "theirs");
    await run(20, "dead", "ours");
    assertEquals([second.told, second.again], [[], ["raised node_down s1b"]]);
    fleet.node("s1b").up = true;
    await run(10, "dead", "ours");
    assertEquals(second.told, ["cleared node_down s1b"]);
    // The first one was only paused: it believes for a look that it is on duty still.
    await run(1, "ours", "ours");
    await run(3, "theirs", "ours");
    assertEquals(first.raised(), []);
    assertEquals(first.told, ["raised node_down s1b"]);
  });
});

Deno.test("AlertWatch judges for itself while Redis is away, and leaves it to one when it is back", async () => {
  await withTwo(async ({ fleet, first, second, run, redis }) => {
    fleet.node("s1b").up = false;
    await run(5, "ours", "theirs");
    await redis("down");
    fleet.node("s2b").up = false;
    await run(5, "alone", "alone");
    const both = ["node_down s1b", "node_down s2b"];
    assertEquals([first.raised().sort(), second.raised().sort()], [both, both]);
    assertEquals(second.told, ["raised node_down s2b"]);
    fleet.node("s1b").up = true;
    await run(10, "alone", "alone");
    // Who raised it tells the end of it.
    assertEquals(first.told.splice(0), [
      "raised node_down s1b",
      "raised node_down s2b",
      "cleared node_down s1b",
    ]);
    assertEquals(second.told.splice(0), ["raised node_down s2b"]);
    await redis("up");
    await run(5, "theirs", "ours");
    await run(2, "theirs", "ours");
    // The first one's own alert for it is over; the other process's goes on.
    assertEquals(first.told, ["cleared node_down s2b"]);
    // Who listens to the first one hears of that end, until it has what the other one keeps next.
    const ended = first.watch.alerts.filter(({ state, subject }) =>
      state === "cleared" && subject.node === "s2b"
    );
    assertEquals(ended.length, 1);
    await run(20, "theirs", "ours");
    assertEquals(first.watch.alerts.map(({ id }) => id), second.watch.alerts.map(({ id }) => id));
    assertEquals([first.raised(), second.raised()], [["node_down s2b"], ["node_down s2b"]]);
    fleet.node("s2b").up = true;
    await run(10, "theirs", "ours");
    assertEquals(second.told.at(-1), "cleared node_down s2b");
  });
});

Deno.test("AlertWatch tells the end of what a process raised that died while Redis was away", async () => {
  await withTwo(async ({ fleet, second, run, redis }) => {
    fleet.node("s1b").up = false;
    await run(5, "ours", "theirs");
    await redis("down");
    await run(2, "dead", "alone");
    fleet.node("s1b").up = true;
    await run(10, "dead", "alone");
    assertEquals([second.raised(), second.told], [[], []]);
    await redis("up");
    await run(3, "dead", "ours");
    assertEquals([second.raised(), second.told], [[], ["cleared node_down s1b"]]);
  });
});

Deno.test("AlertWatch says once that it cannot judge, and goes on", async () => {
  const lines: string[] = [];
  const watch = new AlertWatch({
    settings: RULE_DEFAULTS,
    store: { read: () => Promise.resolve("unknown"), write: () => Promise.resolve("failed") },
    sinks: [],
    clock: { wallMs: () => 0 },
    random: seededRandom(1),
    log: { ...silentLog, warn: (message) => lines.push(message) },
  });
  const facts = () => Promise.reject(new Error("no view"));
  for (let look = 0; look < 3; look++) await watch.tick({ duty: "alone", facts });
  assertEquals(lines, ["alerts not judged"]);
  await watch.stop();
});
