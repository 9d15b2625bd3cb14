import { assertEquals } from "@std/assert";
import type { RangeRule } from "../../src/partitions/partition_rule.ts";
import { PartitionedTable, type ServerTable } from "../../src/partitions/partitioned_table.ts";
import {
  MAX_ADDS,
  MAX_COPIED_ROWS,
  MAX_DROPS,
  planUpkeep,
} from "../../src/partitions/plan_upkeep.ts";

const NOW = Date.UTC(2026, 10, 26, 13, 45);
const DAY = 86_400_000;
const RULE: RangeRule = {
  by: "range",
  column: "at",
  period: "day",
  aheadMs: 2 * DAY,
  keepMs: undefined,
};

type Listed = Readonly<Record<string, string>>;

function table(
  partitions: Listed,
  options: { readonly rule?: Partial<RangeRule>; readonly server?: Partial<ServerTable> } = {},
): PartitionedTable {
  return new PartitionedTable("log", { ...RULE, ...options.rule }, {
    method: "RANGE COLUMNS",
    expression: "`at`",
    columnType: "datetime",
    subpartitioned: false,
    partitions: Object.entries(partitions)
      .map(([name, description]) => ({ name, description, rows: 0 })),
    ...options.server,
  });
}

/** The plan's statements and its problems' codes. */
function planned(of: PartitionedTable, caughtRows = 0): { sql: string[]; problems: string[] } {
  const { steps, problems } = planUpkeep(of, { nowMs: NOW, caughtRows });
  return {
    sql: steps.map(({ sql: [first] }) => first),
    problems: problems.map(({ code }) => code),
  };
}

const TODAY: Listed = { p20261125: "'2026-11-26'", p20261126: "'2026-11-27'" };
const ADD = "ALTER TABLE `log` ADD PARTITION (PARTITION ";
const drop = (name: string) =>
  `ALTER TABLE \`log\` CONVERT PARTITION \`${name}\` TO TABLE \`realmgate_retired_log\``;

/** Partitions of days, beginning so many days ago. */
function days(from: number, to: number): Listed {
  const names: Record<string, string> = {};
  for (let day = from; day < to; day++) {
    const name = new Date(NOW + day * DAY).toISOString().slice(0, 10).replaceAll("-", "");
    names[`p${name}`] = `'${new Date(NOW + (day + 1) * DAY).toISOString().slice(0, 10)}'`;
  }
  return names;
}

Deno.test("planUpkeep adds a partition a statement until far enough ahead", () => {
  assertEquals(planned(table(TODAY)), {
    sql: [
      `${ADD}\`p20261127\` VALUES LESS THAN ('2026-11-28'))`,
      `${ADD}\`p20261128\` VALUES LESS THAN ('2026-11-29'))`,
    ],
    problems: [],
  });
});

Deno.test("planUpkeep plans nothing when everything is there", () => {
  assertEquals(planned(table(days(-3, 3))), { sql: [], problems: [] });
});

Deno.test("planUpkeep splits a catch-all that holds next to nothing", () => {
  const caught = table({ ...days(-1, 2), p_later: "MAXVALUE" });
  const expected = [
    "ALTER TABLE `log` REORGANIZE PARTITION `p_later` INTO (PARTITION `p20261128` VALUES LESS THAN " +
    "('2026-11-29'), PARTITION `p_later` VALUES LESS THAN (MAXVALUE))",
  ];
  assertEquals(planned(caught), { sql: expected, problems: [] });
  assertEquals(planned(caught, MAX_COPIED_ROWS), { sql: expected, problems: [] });
});

Deno.test("planUpkeep leaves a filled catch-all alone, and says so", () => {
  const caught = table({ ...days(-1, 2), p_later: "MAXVALUE" });
  assertEquals(planned(caught, MAX_COPIED_ROWS + 1), { sql: [], problems: ["catch_all_filled"] });
  const enough = table({ ...days(-1, 3), p_later: "MAXVALUE" });
  assertEquals(planned(enough, MAX_COPIED_ROWS + 1), { sql: [], problems: [] });
});

Deno.test("planUpkeep drops nothing unless told how long rows are kept", () => {
  assertEquals(planned(table(days(-400, 3))), { sql: [], problems: [] });
});

Deno.test("planUpkeep drops partitions whose last instant is old enough, the oldest first", () => {
  // 2026-11-24 ended 1 day and 13 h ago, 2026-11-23 2 days and 13 h ago.
  const kept = table(days(-5, 3), { rule: { keepMs: 2 * DAY } });
  assertEquals(planned(kept), {
    sql: ["p20261121", "p20261122", "p20261123"].map(drop),
    problems: [],
  });
});

Deno.test("planUpkeep drops a bounded number of partitions a run", () => {
  const { sql, problems } = planned(table(days(-60, 3), { rule: { keepMs: 7 * DAY } }));
  assertEquals([sql.length, problems], [MAX_DROPS, ["more_to_drop"]]);
});

Deno.test("planUpkeep never drops the last partition", () => {
  const old = table({ p20261101: "'2026-11-02'" }, { rule: { aheadMs: 0, keepMs: DAY } });
  assertEquals(planned(old).sql.filter((sql) => sql.includes("CONVERT")), []);
});

Deno.test("planUpkeep makes a bounded number of partitions a run", () => {
  const { sql, problems } = planned(table(TODAY, { rule: { aheadMs: 100 * DAY } }));
  assertEquals([sql.length, problems], [MAX_ADDS, ["more_to_add"]]);
});

Deno.test("planUpkeep begins with the present after a time without upkeep", () => {
  const { sql, problems } = planned(table({ p20261101: "'2026-11-02'" }, {
    rule: { aheadMs: DAY },
  }));
  assertEquals(sql, [
    `${ADD}\`p20261126\` VALUES LESS THAN ('2026-11-27'))`,
    `${ADD}\`p20261127\` VALUES LESS THAN ('2026-11-28'))`,
  ]);
  assertEquals(problems, []);
});

Deno.test("planUpkeep leaves foreign partitions alone, and reports them and gaps", () => {
  const odd = table({
    p_old: "'2020-01-01'",
    p20261124: "'2026-11-25'",
    by_hand: "'2026-11-25 12:00:00'",
    p20261125: "'2026-11-26'",
    ...days(0, 3),
  }, { rule: { keepMs: DAY } });
  assertEquals(planned(odd), {
    sql: [drop("p20261124")],
    problems: ["foreign_partitions", "gap"],
  });
});

Deno.test("planUpkeep plans nothing where the name that it needs is taken", () => {
  const taken = table({ P20261127: "'2026-11-26'", p20261126: "'2026-11-27'" });
  assertEquals(planned(taken), { sql: [], problems: ["name_taken", "foreign_partitions"] });
});

Deno.test("planUpkeep begins where a partition that was made by hand ends", () => {
  const half = table({ by_hand: "'2026-11-27 12:00:00'" }, { rule: { aheadMs: DAY } });
  assertEquals(planned(half).sql, [`${ADD}\`p20261127\` VALUES LESS THAN ('2026-11-28'))`]);
});

const FORMS: readonly (readonly [string, Partial<ServerTable>, Partial<RangeRule>, string])[] = [
  [
    "UNIX_TIMESTAMP",
    { method: "RANGE", expression: "unix_timestamp(`at`)", columnType: "timestamp" },
    {},
    "1795737600",
  ],
  ["TO_DAYS", { method: "RANGE", expression: "to_days(`at`)" }, {}, "740312"],
  ["hours", {}, { period: "hour", aheadMs: 600_000 }, "'2026-11-26 14:00:00'"],
];

for (const [form, server, rule, end] of FORMS) {
  Deno.test(`planUpkeep writes bounds by ${form} as the table does`, () => {
    const empty = table({}, { server, rule: { aheadMs: 600_000, ...rule } });
    const [sql = ""] = planned(empty).sql;
    assertEquals(/LESS THAN \((.+?)\)/.exec(sql)?.[1], end);
    const read = table({ p20261126: end }, { server, rule });
    assertEquals([read.fault, read.ranges[0]?.until], [
      undefined,
      Date.UTC(2026, 10, rule.period === "hour" ? 26 : 27, rule.period === "hour" ? 14 : 0),
    ]);
  });
}

const REFUSED: readonly (readonly [string, Partial<ServerTable>, Partial<RangeRule>])[] = [
  ["a table without partitions", { method: null, expression: "" }, {}],
  ["another method", { method: "HASH", expression: "`at`" }, {}],
  ["another column", { expression: "`made_at`" }, {}],
  ["two columns", { expression: "`at`,`id`" }, {}],
  ["another function", { method: "RANGE", expression: "year(`at`)" }, {}],
  ["a number", { columnType: "bigint" }, {}],
  ["hours of days", { columnType: "date" }, { period: "hour" }],
  ["hours by TO_DAYS", { method: "RANGE", expression: "to_days(`at`)" }, { period: "hour" }],
  ["subpartitions", { subpartitioned: true }, {}],
  ["a bound that is no time", { partitions: [{ name: "p", description: "'soon'", rows: 0 }] }, {}],
  ["days that are no date", numbered("to_days(`at`)", "999999999"), {}],
  ["seconds that are no date", numbered("unix_timestamp(`at`)", "99999999999999999999"), {}],
  ["days past the year 9999", numbered("to_days(`at`)", "3652425"), {}],
  ["seconds past the year 9999", numbered("unix_timestamp(`at`)", "253402300800"), {}],
];

/** A range by a function, whose only partition ends before a number. */
function numbered(expression: string, description: string): Partial<ServerTable> {
  return { method: "RANGE", expression, partitions: [{ name: "p", description, rows: 0 }] };
}

for (const [what, server, rule] of REFUSED) {
  Deno.test(`planUpkeep touches nothing of ${what}`, () => {
    assertEquals(planned(table(TODAY, { server, rule })), {
      sql: [],
      problems: ["not_understood"],
    });
  });
}
