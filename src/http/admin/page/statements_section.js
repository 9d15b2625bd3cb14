// @ts-check
/// <reference lib="dom" />
// The statements by what they cost, and the calls that took long.

import { byId, h, set, setText } from "./dom.js";
import { ms, percent, rate, some } from "./format.js";
import { slowTable } from "./slow_table.js";
import { openStatement } from "./statement_dialog.js";
import { statementRows } from "./statement_rows.js";
import { table } from "./table.js";

/** @typedef {import("../../../monitor/fleet_view.ts").FleetView} FleetView */
/** @typedef {import("./statement_rows.js").StatementRow} StatementRow */

/** Errors from this share of the calls on are marked. */
const MANY_ERRORS = 0.01;

/** Fills the section; what it returns takes each view. */
export function statementsSection() {
  /** @type {FleetView | undefined} */
  let latest;
  /** @type {((view: FleetView) => void) | undefined} */
  let opened;
  const open = (/** @type {string} */ name) => {
    const dialog = openStatement(name, () => opened = undefined);
    opened = dialog.update;
    if (latest) dialog.update(latest);
  };
  const rows = table({
    label: "Statements",
    key: (/** @type {StatementRow} */ row) => row.statement,
    sortBy: "DB time",
    empty: "No call was counted yet.",
    columns: [
      {
        label: "Statement",
        value: (row) => row.statement,
        make: (cell, name) =>
          cell.append(
            h("button", { type: "button", class: "link", text: name, click: () => open(name) }),
          ),
      },
      { label: "Kind", text: (row) => row.kind, value: (row) => row.kind },
      {
        label: "Calls/s",
        numeric: true,
        text: (row) => rate(row.calls),
        value: (row) => row.calls,
      },
      {
        label: "Errors",
        title: "Errors a second, and their share of the calls",
        numeric: true,
        text: (row) => row.errors === 0 ? "0" : `${rate(row.errors)}/s · ${percent(row.failing)}`,
        value: (row) => row.errors,
        level: (row) => row.failing >= MANY_ERRORS ? "bad" : "",
      },
      {
        label: "Mean",
        title: "Of the last five minutes",
        numeric: true,
        text: (row) => ms(row.mean),
        value: (row) => row.mean,
      },
      {
        label: "p99",
        title: "The worst shard's, of the last five minutes",
        numeric: true,
        text: (row) => ms(row.p99),
        value: (row) => row.p99,
      },
      {
        label: "DB time",
        title: "Time of databases that it takes each second",
        numeric: true,
        text: (row) => `${ms(row.dbMs)}/s`,
        value: (row) => row.dbMs,
      },
      {
        label: "Cached",
        title: "Calls that a cache answered",
        numeric: true,
        text: (row) => percent(row.cached),
        value: (row) => row.cached,
      },
      { label: "Rows/s", numeric: true, text: (row) => rate(row.rows), value: (row) => row.rows },
    ],
  });
  const slow = slowTable("Slow calls");
  const summary = h("summary");
  const details = h("details", { class: "under" }, summary, slow.element);
  byId("statements-body").append(rows.element, details);
  return {
    /** @param {FleetView} view */
    update(view) {
      latest = view;
      const list = statementRows(view.statements);
      rows.update(list);
      slow.update(view.slow);
      setText(byId("statements-count"), some(list.length, "statement"));
      set(details, { hidden: view.slow.length === 0 });
      setText(summary, some(view.slow.length, "slow call"));
      opened?.(view);
    },
  };
}
