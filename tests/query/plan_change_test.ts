import { assertEquals } from "@std/assert";
import { describePlan, type ShardPlan } from "../../src/query/explained_plan.ts";
import { describeChange, worsening } from "../../src/query/plan_change.ts";
import { PlanHistory } from "../../src/query/plan_history.ts";
import type { PlanNode } from "../../src/query/plan_node.ts";

const read = (more: Partial<PlanNode> = {}): PlanNode => ({
  operation: "read",
  table: "event_log",
  access: "ref",
  key: "by_player",
  possibleKeys: ["by_player"],
  rows: 40,
  children: [],
  ...more,
});
const { key: _, possibleKeys: __, ...keyless } = read();
const scan = (more: Partial<PlanNode> = {}): PlanNode => ({
  ...keyless,
  access: "ALL",
  rows: 50_000,
  ...more,
});
const around = (operation: PlanNode["operation"], ...children: PlanNode[]): PlanNode => ({
  operation,
  children,
});
const on = (shard: string, tree: PlanNode): ShardPlan => ({ shard, ...describePlan(tree) });

const CHANGES: readonly (readonly [when: string, from: PlanNode, to: PlanNode, why: string])[] = [
  [
    "its index is gone",
    read(),
    scan(),
    "no longer uses the index by_player of event_log, examines 50,000 rows instead of 40",
  ],
  [
    "the index of a small table is gone",
    read({ rows: 1 }),
    scan({ rows: 1 }),
    "no longer uses the index by_player of event_log",
  ],
  [
    "a small table is read whole though its index is there",
    read({ rows: 40 }),
    scan({ rows: 60, possibleKeys: ["by_player"] }),
    "",
  ],
  [
    "rows are found in a worse way",
    read({ access: "eq_ref", key: "PRIMARY", rows: 1 }),
    read({ rows: 40 }),
    "reads event_log by by_player instead of PRIMARY",
  ],
  [
    "a write reads its whole table by the primary key",
    read({ operation: "update", access: "range" }),
    read({ operation: "update", access: "index", key: "PRIMARY", rows: 900 }),
    "reads event_log by index scan PRIMARY instead of range by_player",
  ],
  [
    "a table has only one row left",
    read({ access: "const", key: "PRIMARY", rows: 1 }),
    { ...keyless, access: "system", rows: 1 },
    "",
  ],
  ["rows are found in a better way", read(), read({ access: "const", rows: 1 }), ""],
  ["another index is as good", read(), read({ key: "by_time" }), ""],
  ["a sort is added", read(), around("sort", read()), "sorts without an index"],
  ["a sort is gone", around("sort", read()), read(), ""],
  [
    "a temporary table is added to a sort",
    around("sort", read()),
    around("sort", around("temporary table", read())),
    "needs a temporary table",
  ],
  ["ten times as many rows are few", read({ rows: 100 }), read({ rows: 1_000 }), ""],
  [
    "ten times as many rows are many",
    read({ rows: 101 }),
    read({ rows: 1_010 }),
    "examines 1,010 rows instead of 101",
  ],
  ["nine times as many rows are many", read({ rows: 1_000 }), read({ rows: 9_000 }), ""],
  [
    "the tables of a join are read in another order, and fewer rows",
    around("join", scan({ rows: 2_000 }), read({ table: "p", rows: 15 })),
    around("join", scan({ table: "p", rows: 3_000 }), read({ rows: 1 })),
    "",
  ],
  [
    "the tables of a join are read in another order, and a few more rows",
    around("join", scan({ rows: 2_000 }), read({ table: "p", rows: 1 })),
    around("join", scan({ table: "p", rows: 2_100 }), read({ rows: 1 })),
    "",
  ],
  [
    "the tables of a join are read in another order, and twice as many rows",
    around("join", scan({ rows: 2_000 }), read({ table: "p", rows: 1 })),
    around("join", scan({ table: "p", rows: 4_000 }), read({ rows: 1 })),
    "no longer uses the index by_player of p",
  ],
];

for (const [when, from, to, why] of CHANGES) {
  Deno.test(`worsening finds ${why === "" ? "nothing" : "it"} when ${when}`, () => {
    const change = worsening({ before: on("s1", from), after: on("s1", to), since: 5 });
    assertEquals(change?.why.join(", ") ?? "", why);
  });
}

Deno.test("describeChange says from what to what a plan changed, and where", () => {
  const before = on("s1", read());
  const after = on("s1", scan());
  const change = worsening({ before, after, since: 5 });
  assertEquals(change?.from, { summary: "by_player", fingerprint: before.fingerprint, rows: 40 });
  assertEquals(change?.to.rows, 50_000);
  assertEquals(change?.since, 5);
  assertEquals(
    change && describeChange(change),
    "the plan became worse on s1: by_player -> full scan " +
      "(no longer uses the index by_player of event_log, examines 50,000 rows instead of 40)",
  );
});

const STATEMENT = { name: "event.list", sql: "SELECT 1", allowFullScan: false };
const WEEK = 7 * 86_400_000;

/** A history that learns plans of one statement, and says on which shards they are worse. */
function historyOf(statement = STATEMENT) {
  const history = new PlanHistory();
  return {
    history,
    learn: (plans: readonly ShardPlan[], at = 0) => {
      history.learn([statement], { plansOf: () => plans, at });
      return history.known[statement.name]?.worse.map(({ shard }) => shard);
    },
  };
}

Deno.test("PlanHistory tells a worse plan for as long as it lasts, by shard", () => {
  const { learn, history } = historyOf();
  assertEquals(learn([on("s1", read()), on("s2", read())]), []);
  assertEquals(learn([on("s1", read()), on("s2", scan())], 10), ["s2"]);
  assertEquals(learn([on("s1", scan()), on("s2", scan())], 20), ["s2", "s1"]);
  assertEquals(history.known["event.list"]?.worse.map(({ since }) => since), [10, 20]);
  assertEquals(learn([on("s1", read()), on("s2", scan())], 30), ["s2"]);
  assertEquals(learn([on("s1", read()), on("s2", read())], 40), []);
});

Deno.test("PlanHistory leaves what it said when a shard tells no plan", () => {
  const nothing: PlanNode = {
    operation: "nothing",
    extra: ["Impossible WHERE noticed after reading const tables"],
    children: [],
  };
  const { learn } = historyOf();
  learn([on("s1", read())]);
  learn([on("s1", scan())]);
  assertEquals([learn([]), learn([on("s1", nothing)]), learn([on("s1", read())])], [
    ["s1"],
    ["s1"],
    [],
  ]);
});

Deno.test("PlanHistory compares rows that grow slowly with where they began", () => {
  const { learn } = historyOf();
  const sizes = [150, 300, 600, 1_200, 1_600];
  assertEquals(sizes.map((rows) => learn([on("s1", read({ rows }))])?.length), [0, 0, 0, 0, 1]);
});

Deno.test("PlanHistory takes a better plan for the new measure", () => {
  const { learn } = historyOf();
  learn([on("s1", scan())]);
  learn([on("s1", read())]);
  assertEquals(learn([on("s1", scan())]), ["s1"]);
});

Deno.test("PlanHistory takes a worse plan for the new measure after a week", () => {
  const { learn } = historyOf();
  learn([on("s1", read())]);
  assertEquals(learn([on("s1", scan())], 100), ["s1"]);
  assertEquals(learn([on("s1", scan())], 100 + WEEK), ["s1"]);
  assertEquals(learn([on("s1", scan())], 101 + WEEK), []);
  assertEquals(learn([on("s1", scan())], 102 + WEEK), []);
});

Deno.test("PlanHistory tells for a week only when a shard never tells a plan again", () => {
  const { learn } = historyOf();
  learn([on("s1", read())]);
  assertEquals(learn([on("s1", scan())], 100), ["s1"]);
  assertEquals(learn([], 100 + WEEK), ["s1"]);
  assertEquals(learn([], 101 + WEEK), []);
  assertEquals(learn([on("s1", scan())], 102 + WEEK), []);
});

Deno.test("PlanHistory tells nothing of a statement that allows full scans", () => {
  const { learn } = historyOf({ ...STATEMENT, allowFullScan: true });
  learn([on("s1", read())]);
  assertEquals(learn([on("s1", scan())]), []);
});

Deno.test("PlanHistory begins anew when a statement's SQL changes, and forgets what is gone", () => {
  const { learn, history } = historyOf();
  learn([on("s1", read())]);
  const other = { ...STATEMENT, sql: "SELECT 2" };
  history.learn([other], { plansOf: () => [on("s1", scan())], at: 0 });
  assertEquals(history.known["event.list"]?.worse, []);
  history.learn([], { plansOf: () => [], at: 0 });
  assertEquals(history.known, {});
});

Deno.test("PlanHistory goes on from what another process knew of the same SQL", () => {
  const { learn, history } = historyOf();
  learn([on("s1", read())]);
  const known = JSON.parse(JSON.stringify(history.known));
  const next = historyOf();
  next.history.restore(known, [STATEMENT]);
  assertEquals(next.learn([on("s1", scan())]), ["s1"]);
  const changed = historyOf();
  changed.history.restore(known, [{ ...STATEMENT, sql: "SELECT 2" }]);
  assertEquals(changed.learn([on("s1", scan())]), []);
});
