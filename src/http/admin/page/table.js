// @ts-check
/// <reference lib="dom" />
// Tables whose rows are sorted by a column's button, and keep their elements as values change.

import { h, set, setText } from "./dom.js";
import { keyed } from "./keyed.js";

/**
 * `value` is what rows are sorted by; without it the column has no button. `show` fills the cell, else
 * it has the text.
 *
 * @template R
 * @typedef {{
 *   label: string, text?: (row: R) => string, value?: (row: R) => number | string | null,
 *   show?: (cell: HTMLElement, row: R) => void, make?: (cell: HTMLElement, key: string) => void,
 *   numeric?: boolean, title?: string, level?: (row: R) => string,
 * }} Column
 */

/**
 * @template R
 * @param {{
 *   label: string, columns: readonly Column<R>[], key: (row: R) => string,
 *   sortBy?: string, empty?: string, level?: (row: R) => string,
 * }} options `sortBy`: the label of the column that rows are sorted by at first, the largest first
 */
export function table({ label, columns, key, sortBy, empty = "Nothing.", level }) {
  let sorted = columns.find((column) => column.label === sortBy);
  let falling = true;
  /** @type {readonly R[]} */
  let rows = [];
  /** @type {string[]} */
  let order = [];

  const heads = columns.map((column) => {
    const attributes = {
      scope: "col",
      class: column.numeric ? "number" : null,
      title: column.title,
    };
    if (column.value === undefined) return h("th", { ...attributes, text: column.label });
    const button = h("button", { type: "button", text: column.label, click: () => sort(column) });
    return h("th", attributes, button);
  });
  const body = h("tbody");
  const nothing = h("p", { class: "empty", text: empty, hidden: true });
  const grid = h(
    "table",
    {},
    h("caption", { class: "unseen", text: label }),
    h("thead", {}, h("tr", {}, ...heads)),
    body,
  );
  const scroll = h(
    "div",
    { class: "scroll", role: "region", "aria-label": label, tabindex: 0 },
    grid,
  );
  const element = h("div", {}, scroll, nothing);

  /** @param {Column<R>} column */
  function sort(column) {
    falling = sorted === column ? !falling : column.numeric ?? false;
    sorted = column;
    draw(true);
  }

  /** Rows do not change places under a pointer or a focus, unless it was asked for. */
  function inUse() {
    return body.matches(":hover") || body.contains(document.activeElement);
  }

  /** @param {boolean} asked */
  function draw(asked) {
    const byKey = new Map(rows.map((row) => [key(row), row]));
    const { value } = sorted ?? {};
    if (value === undefined) order = [...byKey.keys()];
    else if (asked || !inUse()) {
      const sign = falling ? -1 : 1;
      order = rows.toSorted((a, b) =>
        compare(value(a), value(b), sign) || compare(key(a), key(b), 1)
      ).map(key);
    } else {
      const kept = order.filter((name) => byKey.has(name));
      order = [...kept, ...[...byKey.keys()].filter((name) => !kept.includes(name))];
    }
    const shown = order.flatMap((name) => byKey.get(name) ?? []);
    keyed(body, shown, { key, make: makeRow, update: updateRow });
    columns.forEach((column, at) => {
      const head = heads[at];
      if (head === undefined || column.value === undefined) return;
      set(head, { "aria-sort": column === sorted ? falling ? "descending" : "ascending" : "none" });
    });
    set(scroll, { hidden: rows.length === 0 });
    set(nothing, { hidden: rows.length > 0 });
  }

  /** @param {R} row */
  function makeRow(row) {
    const cells = columns.map((column, at) => {
      const cell = at === 0
        ? h("th", { scope: "row" })
        : h("td", { class: column.numeric ? "number" : null });
      column.make?.(cell, key(row));
      return cell;
    });
    return h("tr", { "data-key": key(row) }, ...cells);
  }

  /**
   * @param {HTMLTableRowElement} element
   * @param {R} row
   */
  function updateRow(element, row) {
    if (level) set(element, { class: level(row) });
    columns.forEach((column, at) => {
      const cell = element.cells[at];
      if (cell === undefined) return;
      if (column.level) set(cell, { "data-level": column.level(row) || null });
      if (column.show) column.show(cell, row);
      else if (column.text) setText(cell, column.text(row));
    });
  }

  draw(true);
  return {
    element,
    /** @param {readonly R[]} latest */
    update(latest) {
      rows = latest;
      draw(false);
    },
  };
}

/**
 * What is not known comes last, whichever way.
 *
 * @param {number | string | null} a
 * @param {number | string | null} b
 * @param {1 | -1} sign -1: the largest first
 */
function compare(a, b, sign) {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  const order = typeof a === "string" && typeof b === "string"
    ? a.localeCompare(b)
    : Number(a) - Number(b);
  return sign * order;
}
