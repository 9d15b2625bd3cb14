import { assertEquals } from "@std/assert";
import { describePlan } from "../../src/query/explained_plan.ts";
import { findsNoRow, type PlanNode, rowsExamined } from "../../src/query/plan_node.ts";
import { readPlan } from "../../src/query/plan_reader.ts";
import { planLines } from "../../src/query/plan_text.ts";

/** What is explained, the block that the server answers, and the plan as text. */
type Case = readonly [what: string, block: unknown, lines: readonly string[]];

const byKey = {
  table_name: "players",
  access_type: "const",
  possible_keys: ["PRIMARY"],
  key: "PRIMARY",
  key_length: "8",
  used_key_parts: ["id"],
  ref: ["const"],
};

/** As MariaDB 10.11 answers. */
const MARIADB: readonly Case[] = [
  [
    "a row by its key",
    { select_id: 1, nested_loop: [{ table: { ...byKey, rows: 1, filtered: 100 } }] },
    ["read players  const PRIMARY (id)  1 row"],
  ],
  [
    "a sort of a temporary table",
    {
      select_id: 1,
      filesort: {
        sort_key: "count(0)",
        temporary_table: {
          nested_loop: [{
            table: {
              table_name: "players",
              access_type: "ALL",
              rows: 3000,
              filtered: 12.5,
              attached_condition: "players.`level` > 100",
            },
          }],
        },
      },
    },
    ["sort", "  temporary table", "    read players  ALL  3,000 rows  13 % of them  using where"],
  ],
  [
    "a join with a buffer, and a subquery",
    {
      select_id: 1,
      nested_loop: [
        {
          read_sorted_file: {
            filesort: { table: { table_name: "g", access_type: "ALL", rows: 4 } },
          },
        },
        {
          "block-nl-join": {
            table: { table_name: "p", access_type: "ALL", rows: 3000 },
            join_type: "BNL",
          },
        },
      ],
      subqueries: [{ query_block: { select_id: 2, table: { ...byKey, rows: 1 } } }],
    },
    [
      "query",
      "  join",
      "    sort",
      "      read g  ALL  4 rows",
      "    read p  ALL  3,000 rows  join buffer",
      "  subquery",
      "    read players  const PRIMARY (id)  1 row",
    ],
  ],
  [
    "a derived table",
    {
      nested_loop: [{
        table: {
          table_name: "<derived2>",
          access_type: "ALL",
          rows: 2,
          materialized: { query_block: { nested_loop: [{ table: { ...byKey, rows: 1 } }] } },
        },
      }],
    },
    [
      "read <derived2>  ALL  2 rows",
      "  materialize",
      "    read players  const PRIMARY (id)  1 row",
    ],
  ],
  [
    "two indexes",
    {
      nested_loop: [{
        table: {
          table_name: "players",
          access_type: "index_merge",
          index_merge: { union: [{ range: { key: "guild_id" } }, { range: { key: "xp" } }] },
          rows: 90,
        },
      }],
    },
    ["read players  index_merge guild_id,xp  90 rows"],
  ],
  [
    "partitions",
    {
      nested_loop: [{
        table: { table_name: "log", partitions: ["p1", "p2"], access_type: "ALL", rows: 9 },
      }],
    },
    ["read log  ALL  2 partitions  9 rows"],
  ],
  [
    "a union",
    {
      union_result: {
        table_name: "<union1,2>",
        query_specifications: [
          { query_block: { table: { ...byKey, rows: 1 } } },
          { query_block: { operation: "UNION", table: { table_name: "g", access_type: "ALL" } } },
        ],
      },
    },
    ["union", "  read players  const PRIMARY (id)  1 row", "  read g  ALL"],
  ],
  ["an insert", { select_id: 1, table: { table_name: "players" } }, ["insert players"]],
  [
    "an update",
    { table: { update: 1, ...byKey, access_type: "range", rows: 1 } },
    ["update players  range PRIMARY (id)  1 row"],
  ],
  ["a delete of all", { table: { message: "Deleting all rows" } }, ["delete  Deleting all rows"]],
  ["no table", { table: { message: "No tables used" } }, ["nothing  No tables used"]],
  [
    "duplicates that are removed from a join",
    {
      nested_loop: [
        { table: { table_name: "p", access_type: "ALL", rows: 9 } },
        {
          duplicates_removal: [
            { table: { table_name: "e", access_type: "ref", key: "by_p", rows: 2 } },
            { "block-nl-join": { table: { table_name: "g", access_type: "ALL", rows: 4 } } },
          ],
        },
      ],
    },
    [
      "join",
      "  read p  ALL  9 rows",
      "  distinct",
      "    join",
      "      read e  ref by_p  2 rows",
      "      read g  ALL  4 rows  join buffer",
    ],
  ],
  [
    "an index that is chosen anew for each row",
    {
      nested_loop: [
        { table: { table_name: "p", access_type: "ALL", rows: 9 } },
        {
          "range-checked-for-each-record": {
            keys: ["by_p", "by_at"],
            table: { table_name: "e", access_type: "ALL", rows: 40 },
          },
        },
      ],
    },
    [
      "join",
      "  read p  ALL  9 rows",
      "  read e  ALL  40 rows  range checked for each record",
    ],
  ],
  [
    "a hash join",
    {
      nested_loop: [
        { table: { table_name: "p", access_type: "ALL", rows: 9 } },
        {
          "block-nl-join": {
            table: {
              table_name: "e",
              access_type: "hash_range",
              key: "#hash#$hj:by_at",
              used_key_parts: ["level", "at"],
              rows: 40,
            },
          },
        },
      ],
    },
    [
      "join",
      "  read p  ALL  9 rows",
      "  read e  range by_at (level, at)  40 rows  hash join, join buffer",
    ],
  ],
  [
    "tables in a block that it does not know",
    {
      table: { ...byKey, rows: 1 },
      subqueries: [{
        "full-scan-on-null_key": { table: { table_name: "g", access_type: "ALL", rows: 4 } },
      }],
    },
    ["query", "  read players  const PRIMARY (id)  1 row", "  subquery", "    read g  ALL  4 rows"],
  ],
];

/** As MySQL 8 answers by its documentation: sorts and temporary tables are flags there. */
const MYSQL: readonly Case[] = [
  [
    "a row by its key",
    {
      select_id: 1,
      cost_info: { query_cost: "1.00" },
      table: {
        ...byKey,
        rows_examined_per_scan: 1,
        rows_produced_per_join: 1,
        filtered: "100.00",
        used_columns: ["id", "name"],
      },
    },
    ["read players  const PRIMARY (id)  1 row"],
  ],
  [
    "a sort of a temporary table",
    {
      ordering_operation: {
        using_filesort: true,
        grouping_operation: {
          using_temporary_table: true,
          using_filesort: false,
          table: {
            table_name: "players",
            access_type: "ALL",
            rows_examined_per_scan: 3000,
            filtered: "12.50",
            attached_condition: "(`game`.`players`.`level` > 100)",
          },
        },
      },
    },
    ["sort", "  temporary table", "    read players  ALL  3,000 rows  13 % of them  using where"],
  ],
  [
    "a hash join and a subquery of the select list",
    {
      nested_loop: [
        { table: { table_name: "g", access_type: "ALL", rows_examined_per_scan: 4 } },
        {
          table: {
            table_name: "p",
            access_type: "ALL",
            rows_examined_per_scan: 3000,
            using_join_buffer: "hash join",
          },
        },
      ],
      select_list_subqueries: [{ dependent: true, query_block: { table: { ...byKey } } }],
    },
    [
      "query",
      "  join",
      "    read g  ALL  4 rows",
      "    read p  ALL  3,000 rows  join buffer",
      "  subquery",
      "    read players  const PRIMARY (id)",
    ],
  ],
  [
    "an insert of what is read",
    {
      table: {
        insert: true,
        table_name: "guilds",
        access_type: "ALL",
        insert_from: { table: { table_name: "players", access_type: "ALL" } },
      },
    },
    ["insert guilds", "  read players  ALL"],
  ],
  [
    "no row of the key",
    { select_id: 1, message: "no matching row in const table" },
    ["nothing  no matching row in const table"],
  ],
];

for (const [server, cases] of [["MariaDB", MARIADB], ["MySQL", MYSQL]] as const) {
  for (const [what, block, lines] of cases) {
    Deno.test(`readPlan reads ${what} when ${server} explains it`, () => {
      const plan = readPlan({ query_block: block });
      assertEquals(plan && [...planLines(plan)], [...lines]);
    });
  }
}

Deno.test("readPlan knows nothing when the answer has another form", () => {
  for (const other of [undefined, null, [], "x", { query_plan: {} }, { query_block: 1 }]) {
    assertEquals(readPlan(other), undefined);
  }
});

Deno.test("findsNoRow tells when the server saw that no row has the key", () => {
  const messages = [
    "Impossible WHERE noticed after reading const tables",
    "no matching row in const table",
    "No matching min/max row",
    "Select tables optimized away",
  ];
  const seen = messages.map((message) => readPlan({ query_block: { table: { message } } }))
    .map((plan) => plan && findsNoRow(plan));
  assertEquals(seen, [true, true, true, false]);
});

Deno.test("rowsExamined counts the second table of a join for each row of the first", () => {
  const table = (table_name: string, rows: number, filtered: number) => ({
    table: { table_name, access_type: "ALL", rows, filtered },
  });
  const plan = readPlan({
    query_block: { nested_loop: [table("a", 1_000, 10), table("b", 50, 100), table("c", 2, 100)] },
  });
  assertEquals(plan && rowsExamined(plan), 1_000 + 100 * 50 + 100 * 50 * 2);
});

Deno.test("describePlan gives plans of one shape one fingerprint, and others another", () => {
  const fingerprint = (table: Readonly<Record<string, unknown>>) => {
    const plan = readPlan({ query_block: { table: { ...byKey, rows: 1, ...table } } });
    return plan && describePlan(plan).fingerprint;
  };
  const same = fingerprint({});
  assertEquals(same, "9c64c2d3");
  assertEquals(fingerprint({ rows: 9_000, filtered: 3, possible_keys: ["a"] }), same);
  const others = [
    { table_name: "p" },
    { access_type: "ref" },
    { key: "by_name" },
    { used_key_parts: ["id", "at"] },
    { materialized: { query_block: { table: { table_name: "g" } } } },
  ].map(fingerprint);
  assertEquals(new Set([same, ...others]).size, others.length + 1);
});

Deno.test("describePlan tells plans apart however deep they differ", () => {
  const deep = (table: string) => {
    let tree: PlanNode = { operation: "read", table, children: [] };
    for (let depth = 0; depth < 60; depth++) tree = { operation: "materialize", children: [tree] };
    return describePlan(tree).fingerprint;
  };
  assertEquals([deep("a") === deep("a"), deep("a") === deep("b")], [true, false]);
});
