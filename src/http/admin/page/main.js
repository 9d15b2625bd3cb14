// @ts-check
/// <reference lib="dom" />
// The operator's page: asks for a key, listens to the fleet, and shows each view in every section.

import { alertsSection } from "./alerts_section.js";
import { auditSection } from "./audit_section.js";
import { nameTab } from "./badge.js";
import { cachesSection } from "./caches_section.js";
import { chartsSection } from "./charts_section.js";
import { byId, setText } from "./dom.js";
import { listen } from "./event_stream.js";
import { linkState } from "./link_state.js";
import { locksSection } from "./locks_section.js";
import { partitionsSection } from "./partitions_section.js";
import { poolsSection } from "./pools_section.js";
import { processesSection } from "./processes_section.js";
import { keyOf } from "./session.js";
import { showStage, signIn } from "./sign_in.js";
import { statementsSection } from "./statements_section.js";
import { topologySection } from "./topology_section.js";
import { vitals } from "./vitals.js";

/** @typedef {import("../../../monitor/fleet_view.ts").FleetView} FleetView */

const alerts = alertsSection();
const strip = vitals();
const charts = chartsSection();
const others = [
  topologySection(),
  statementsSection(),
  poolsSection(),
  cachesSection(),
  locksSection(),
  processesSection(),
];
partitionsSection();
const audit = auditSection();
const entrance = signIn(start);
let stop = () => {};

function start() {
  stop();
  showStage("connecting");
  const link = linkState();
  let first = true;
  const stream = listen({
    onState(state) {
      if (state.kind === "refused") leave(state.problem.message);
      else link.update(state);
    },
    onAlert: (alert) => alerts.announce(alert),
    onView(view) {
      if (first) {
        first = false;
        showStage("fleet");
        void audit.find();
      }
      link.viewed();
      show(view);
    },
  });
  stop = () => {
    stream.stop();
    link.stop();
  };
}

/** @param {FleetView} view */
function show(view) {
  setText(byId("fleet-name"), view.fleet);
  nameTab(alerts.update(view), view.fleet);
  strip.update(view, charts.update(view));
  for (const section of others) section.update(view);
}

/** @param {string} [why] */
function leave(why) {
  stop();
  stop = () => {};
  document.title = "Realmgate";
  for (const dialog of document.querySelectorAll("dialog")) dialog.close();
  // What was read with this key is not for the next one, which may do less.
  for (const section of document.querySelectorAll("details")) section.open = false;
  entrance.show(why);
}

// Who goes to a section wants to see what is in it.
for (const link of byId("sections").querySelectorAll("a")) {
  link.addEventListener("click", () => {
    const section = byId(link.hash.slice(1));
    if (section instanceof HTMLDetailsElement) section.open = true;
  });
}
byId("sign-out").addEventListener("click", () => leave());
if (keyOf() === null) entrance.show();
else start();
