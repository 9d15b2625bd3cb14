import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { systemClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { systemRandom } from "../../src/core/random.ts";
import { TopologyBulletin } from "../../src/routing/topology_bulletin.ts";
import type { ShardReport } from "../../src/routing/shard_report.ts";
import { eventually } from "../support/eventually.ts";
import { countStatements, statementsOf } from "../support/statement_count.ts";
import { type Probed, type ProbedStack, withProbedStack } from "./probed_stack.ts";

const OURS = { state: "ours" } as const;
const THEIRS = { state: "theirs" } as const;
const FOLLOWER = { user: "follower", password: "follower" };

/** A follower with an account of its own, whose statements are counted on both nodes. */
async function countedFollower(
  { a, b, probe }: ProbedStack,
): Promise<Probed & { readonly looks: () => Promise<number> }> {
  await a.sql(
    `CREATE USER follower IDENTIFIED BY 'follower';
     GRANT SLAVE MONITOR ON *.* TO follower;
     GRANT SELECT, INSERT, UPDATE ON \`${a.database}\`.* TO follower`,
  );
  const there = "SELECT 1 FROM mysql.user WHERE user = 'follower'";
  await eventually(async () => (await b.sql(there)).length === 1);
  for (const server of [a, b]) await countStatements(server);
  const follower = await probe({ account: FOLLOWER, duty: THEIRS });
  const looks = async () => {
    const counts = await Promise.all([a, b].map((server) => statementsOf(server, FOLLOWER.user)));
    return counts.reduce((sum, n) => sum + n, 0);
  };
  return { ...follower, looks };
}

/** Asks for `ms` on end; every answer must hold. */
async function always(ms: number, check: () => void): Promise<void> {
  const until = performance.now() + ms;
  let fault: unknown;
  await eventually(() => {
    try {
      check();
    } catch (error) {
      fault = error;
    }
    return fault !== undefined || performance.now() > until;
  }, { withinMs: ms + 5_000 });
  if (fault !== undefined) throw fault;
}

/** How old the oldest of a prober's looks is, whoever made it. */
function age({ shard }: Probed): number {
  return Date.now() - Math.min(...shard().nodes.map(({ observedAt }) => observedAt ?? 0));
}

/** Takes part in the bulletin without a prober. */
async function outsider(
  { redis }: Probed,
): Promise<{ readonly bulletin: TopologyBulletin; readonly heard: ShardReport[] }> {
  const world = { clock: systemClock, random: systemRandom, log: silentLog };
  const bulletin = new TopologyBulletin({ fleet: "test", redis, ...world });
  const heard: ShardReport[] = [];
  await bulletin.start((report) => heard.push(report));
  return { bulletin, heard };
}

Deno.test("TopologyProber asks the databases nothing when another process is on duty", () =>
  withProbedStack(async (stack) => {
    const { a, b, probe, connections } = stack;
    await probe({ duty: OURS });
    const follower = await countedFollower(stack);
    const before = await follower.looks();
    const ages: number[] = [];
    await always(8_000, () => ages.push(age(follower)));
    assert(Math.max(...ages) < 3_000, `what it knew was up to ${Math.max(...ages)} ms old`);
    await a.sql("SET GLOBAL read_only = 1");
    await b.sql("STOP SLAVE; RESET SLAVE ALL; SET GLOBAL read_only = 0");
    await follower.until(({ primary }) => primary === "s1b", "the new primary");
    // Its goodbyes count on neither side: of a connection that is not used it lets go.
    assertEquals(await follower.looks(), before);
    const rows = await a.sql("SELECT id FROM information_schema.processlist WHERE user='follower'");
    assertEquals(rows, []);
    assert(await connections(b) > 0);
  }));

Deno.test("TopologyProber looks for itself, slower, when it hears of nobody on duty", () =>
  withProbedStack(async (stack) => {
    const first = await stack.probe({ duty: OURS });
    const follower = await countedFollower(stack);
    await follower.until(({ nodes }) => nodes.every(({ ejected }) => ejected === undefined), "all");
    await first.prober.stop();
    const before = await follower.looks();
    const ages: number[] = [];
    await always(9_000, () => ages.push(age(follower)));
    assert(Math.max(...ages) < 4_500, `what it knew was up to ${Math.max(...ages)} ms old`);
    // A look is one statement, a login three more; one each second would be 18 and more.
    const ran = await follower.looks() - before;
    assert(ran >= 8 && ran <= 18, `${ran} statements in 9 s`);
    await stack.probe({ duty: OURS });
    const after = await follower.looks();
    await always(4_000, () => assert(age(follower) < 3_000));
    const since = await follower.looks() - after;
    assert(since <= 2, `${since} statements while another is on duty again`);
  }));

Deno.test("TopologyProber tells the others at once what it found when a request met an error", () =>
  withProbedStack(async ({ b, probe }) => {
    const [one, two] = [await probe({ duty: THEIRS }), await probe({ duty: THEIRS })];
    assertEquals([one.node("s1b").up, two.node("s1b").up], [true, true]);
    // Each looks for itself where a busy machine keeps Redis from answering: 2 s later then.
    for (let attempt = 1;; attempt++) {
      b.kill();
      await eventually(() => b.pid === undefined);
      const before = two.told.length;
      void one.prober.probeNow("s1");
      const afterMs = await two.until(({ nodes }) => nodes[1]?.up === false, "the news");
      assertEquals(one.node("s1b").ejected, "it cannot be reached");
      assert(two.told.length > before);
      if (afterMs < 1_000) break;
      assert(attempt < 3, `after ${afterMs} ms`);
      await b.start();
      for (const each of [one, two]) {
        await each.until(({ nodes }) => nodes[1]?.up === true, "it is up");
      }
    }
  }));

Deno.test("TopologyProber believes its own eyes when the one on duty cannot reach a node", () =>
  withProbedStack(async ({ a, probe }) => {
    const follower = await probe({ duty: THEIRS, unreachable: ["s1b"] });
    const onDuty = await probe({ duty: OURS, unreachable: ["s1a"] });
    const { epoch } = follower.shard();
    await onDuty.until(({ status }) => status === "no_primary", "its own view");
    const beat = async () => Number((await a.sql("SELECT beat FROM realmgate_heartbeat"))[0]?.beat);
    const first = await beat();
    await always(6_000, () => {
      assertEquals([follower.shard().primary, follower.shard().epoch], ["s1a", epoch]);
      assertEquals([onDuty.shard().primary, onDuty.shard().epoch], [null, epoch]);
      assertEquals([follower.node("s1b").up, onDuty.node("s1b").up], [false, true]);
    });
    assert(age(follower) < 3_000);
    assert(await beat() > first + 4_000_000, "nobody wrote heartbeats");
  }));

Deno.test("TopologyProber keeps a primary that it sees when only others do not", () =>
  withProbedStack(async ({ b, probe }) => {
    const follower = await probe({ duty: THEIRS });
    const { epoch } = follower.shard();
    const onDuty = await probe({ duty: OURS, unreachable: ["s1a"] });
    // For the one on duty s1b is now the only writable node, and has been for long.
    await b.sql("STOP SLAVE; RESET SLAVE ALL; SET GLOBAL read_only = 0");
    await follower.until(({ status }) => status === "split_brain", "the split brain");
    await always(5_000, () => {
      assertEquals([onDuty.shard().primary, onDuty.shard().epoch], [null, epoch]);
      assertEquals(follower.shard().status, "split_brain");
    });
    assertStringIncludes(onDuty.shard().why ?? "", "s1a is the primary until nobody has seen it");
  }));

Deno.test("TopologyProber takes nothing for new when a report of old looks arrives late", () =>
  withProbedStack(async ({ probe }) => {
    await probe({ duty: OURS });
    const follower = await probe({ duty: THEIRS });
    const { bulletin, heard } = await outsider(follower);
    const report = await eventually(() => heard.at(-1));
    /** As if its sender had been stopped, for so long, before it sent. */
    const share = (heldUpMs: number) =>
      bulletin.share({
        ...report,
        looks: report.looks.map((look) => {
          const beganAt = systemClock.now() - heldUpMs;
          return { ...look, beganAt, endedAt: beganAt + 1, writable: false, applying: false };
        }),
      });
    let shared = 0;
    await always(3_000, () => {
      // Each is news to Redis, since a report of the present lies between.
      if (heard.length > shared) share(10_000);
      shared = heard.length;
      assertEquals([follower.shard().status, follower.node("s1b").ejected], ["ok", undefined]);
    });
    // The same report, of now: only the node itself can know whether it is writable.
    await follower.until(({ status }) => {
      share(0);
      return status === "no_primary";
    }, "what it was told");
    await follower.until(({ status }) => status === "ok", "what the one on duty tells");
  }));

Deno.test("TopologyProber tells the fleet of a newer epoch when that knows an older one", () =>
  withProbedStack(async ({ probe }) => {
    const follower = await probe({ duty: THEIRS });
    const { bulletin, heard } = await outsider(follower);
    const { epoch } = follower.shard();
    const now = systemClock.now();
    const look = {
      beganAt: now,
      endedAt: now + 1,
      wallMs: Date.now(),
      up: true,
      trouble: undefined,
      refused: false,
      writable: false,
      applying: true,
      heartbeat: undefined,
      position: undefined,
      committed: undefined,
      semiSync: undefined,
      version: undefined,
      connections: undefined,
    };
    bulletin.share({
      shard: "s1",
      primacy: { primary: "s1b", epoch: 7, unseenMs: 0 },
      looks: [{ ...look, node: "s1a", writable: true }, { ...look, node: "s1b" }],
    });
    const told = await eventually(() => heard.find(({ primacy }) => primacy.epoch > 7), {
      withinMs: 1_500,
    });
    assertEquals([told.primacy.primary, String(told.primacy.epoch)], ["s1a", epoch]);
    assertEquals([follower.shard().primary, follower.shard().epoch], ["s1a", epoch]);
  }));
