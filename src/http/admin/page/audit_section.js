// @ts-check
/// <reference lib="dom" />
// Who did what to the fleet; asked for while the section is open. A service without it shows none.

import { call, Problem } from "./api.js";
import { byId, set } from "./dom.js";
import { clock } from "./format.js";
import { whileOpen } from "./polled.js";
import { table } from "./table.js";

/**
 * @typedef {{
 *   id: string, at: number, by: string, action: string, target: string, outcome: string,
 *   detail?: string,
 * }} AuditEntry
 */

const PERIOD_MS = 10_000;
const PATH = "v1/admin/audit?limit=50";

/** Fills the section; what it returns finds out whether there is one. */
export function auditSection() {
  const rows = table({
    label: "Audit log",
    key: (/** @type {AuditEntry} */ e) => e.id,
    empty: "Nobody did anything yet.",
    columns: [
      {
        label: "At",
        text: (e) => `${new Date(e.at).toISOString().slice(0, 10)} ${clock(e.at)}`,
        value: (e) => e.at,
      },
      { label: "By", text: (e) => e.by, value: (e) => e.by },
      { label: "Action", text: (e) => e.action, value: (e) => e.action },
      { label: "Target", text: (e) => e.target, value: (e) => e.target },
      { label: "Outcome", text: (e) => e.outcome, value: (e) => e.outcome },
      { label: "Detail", text: (e) => e.detail ?? "" },
    ],
  });
  const section = /** @type {HTMLDetailsElement} */ (byId("audit"));
  const links = document.querySelectorAll('a[href="#audit"]');
  const show = (/** @type {boolean} */ there) => {
    set(section, { hidden: !there });
    for (const link of links) set(link, { hidden: !there });
  };
  whileOpen(section, {
    rows,
    periodMs: PERIOD_MS,
    load: async () => (await call("GET", PATH)).entries,
  });
  return {
    async find() {
      try {
        await call("GET", PATH);
        show(true);
      } catch (error) {
        show(!(error instanceof Problem && error.status === 404));
      }
    },
  };
}
