// @ts-check
/// <reference lib="dom" />
// The partitioned tables on each shard, and their upkeep; asked for each minute while it is open.

import { call } from "./api.js";
import { ask, Changed } from "./ask.js";
import { byId, h } from "./dom.js";
import { count, ms, some } from "./format.js";
import { whileOpen } from "./polled.js";
import { table } from "./table.js";

/**
 * @typedef {{
 *   action: string, partition: string, until: string, outcome: string, tookMs?: number,
 *   why?: string, sql?: string[],
 * }} Step
 * @typedef {{
 *   shard: string, node: string | null, status: string,
 *   partitions: { name: string, until?: string | null, rows: number }[],
 *   plan: { steps: Step[], problems: { code: string, detail: string, blocks: boolean }[] },
 * }} ShardPart
 * @typedef {{ table: string, by: string, column: string, shards: ShardPart[] }} Table
 * @typedef {ShardPart & { table: string, by: string, column: string }} Row
 */

const PERIOD_MS = 60_000;

/** Fills the section. */
export function partitionsSection() {
  const rows = table({
    label: "Partitioned tables",
    key: (/** @type {Row} */ row) => `${row.table} ${row.shard}`,
    empty: "No table is declared as partitioned.",
    level: ({ status }) => status === "ok" || status === "due" ? "" : "bad",
    columns: [
      { label: "Table", text: (r) => r.table },
      { label: "Shard", text: (r) => r.shard },
      {
        label: "State",
        text: (r) => r.status,
        level: ({ status }) => status === "ok" ? "" : status === "due" ? "warn" : "bad",
      },
      { label: "By", text: (r) => `${r.by} ${r.column}` },
      { label: "Partitions", numeric: true, text: (r) => count(r.partitions.length) },
      {
        label: "Rows",
        title: "About",
        numeric: true,
        text: (r) => count(r.partitions.reduce((sum, { rows }) => sum + rows, 0)),
      },
      { label: "Last", text: (r) => r.partitions.at(-1)?.name ?? "–" },
      {
        label: "To do",
        text: (r) =>
          [
            ...(r.plan.steps.length > 0 ? [some(r.plan.steps.length, "step")] : []),
            ...r.plan.problems.map(({ detail }) => detail),
          ].join("; ") || "nothing",
      },
      {
        label: "Upkeep",
        make: (cell, key) => {
          const name = key.split(" ")[0] ?? "";
          cell.append(
            h("button", {
              type: "button",
              class: "small",
              text: "Upkeep…",
              click: () => askUpkeep(name, reader.refresh),
            }),
          );
        },
      },
    ],
  });
  const reader = whileOpen(/** @type {HTMLDetailsElement} */ (byId("partitions")), {
    rows,
    periodMs: PERIOD_MS,
    load: async () => {
      /** @type {{ tables: Table[] }} */
      const { tables } = await call("GET", "v1/partitions");
      return tables.flatMap(({ shards, ...rest }) => shards.map((part) => ({ ...part, ...rest })));
    },
  });
}

/**
 * A dry run first: its steps are what will be done. Time goes on while they are read, so they are
 * looked for again before anything is done.
 *
 * @param {string} name
 * @param {() => void} done
 */
function askUpkeep(name, done) {
  const path = `v1/partitions/${encodeURIComponent(name)}/maintain`;
  let shown = "";
  const look = async () => {
    const report = await call("POST", path, { dryRun: true });
    const before = shown;
    shown = stepsText(report);
    return { report, same: shown === before };
  };
  ask({
    title: `Upkeep of ${name}`,
    verb: "Do it",
    danger: true,
    says: [
      "These steps are carried out on each shard's primary, one after the other. Dropping a partition deletes its rows for good.",
    ],
    prepare: async () => steps((await look()).report),
    act: async () => {
      const now = await look();
      if (!now.same) {
        throw new Changed("Other steps are due now, so nothing was done yet:", steps(now.report));
      }
      const report = await call("POST", path, {});
      done();
      return steps(report);
    },
  });
}

/**
 * What would be done, to tell whether it is still the same.
 *
 * @param {Table} report
 */
function stepsText({ shards }) {
  return JSON.stringify(shards.map(({ shard, plan }) => [
    shard,
    plan.steps.map(({ action, partition, sql }) => [action, partition, sql]),
  ]));
}

/** @param {Table} report */
function steps({ shards }) {
  const items = shards.flatMap(({ shard, status, plan }) => [
    ...plan.steps.map(({ action, partition, outcome, tookMs, why, sql }) =>
      h(
        "li",
        { "data-outcome": outcome },
        h("b", { text: `${shard}: ${action} ${partition}` }),
        ` ${outcome}${tookMs === undefined ? "" : ` in ${ms(tookMs)}`}${
          why === undefined ? "" : `: ${why}`
        }`,
        ...(sql ?? []).map((text) => h("code", { class: "step", text })),
      )
    ),
    ...plan.problems.map(({ detail }) => h("li", { class: "bad", text: `${shard}: ${detail}` })),
    ...(plan.steps.length + plan.problems.length === 0
      ? [h("li", { text: `${shard}: nothing to do (${status})` })]
      : []),
  ]);
  return h("ol", { class: "steps" }, ...items);
}
