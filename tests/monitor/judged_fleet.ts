import { seededRandom } from "../../src/core/random.ts";
import {
  AlertEngine,
  type AlertEngineOptions,
  type Notice,
} from "../../src/monitor/alerts/alert_engine.ts";
import type { AlertFacts } from "../../src/monitor/alerts/alert_facts.ts";
import { AlertMemory } from "../../src/monitor/alerts/alert_memory.ts";
import { alertRules } from "../../src/monitor/alerts/alert_rules.ts";
import { type AllRuleSettings, RULE_DEFAULTS } from "../../src/monitor/alerts/rule_settings.ts";
import { TestFleet } from "./fleet.ts";

/** How often a fleet is judged. */
const TICK_MS = 2_000;

/** A fleet that is judged every two seconds, as a process on duty does. */
export class JudgedFleet {
  readonly fleet = new TestFleet();
  readonly engine: AlertEngine;
  readonly notices: Notice[] = [];
  /** What is known beside the view. */
  extra: Omit<AlertFacts, "view"> = {};
  readonly #settings: AllRuleSettings;
  readonly #memory = new AlertMemory();

  /** @param options.settings of rules, over their defaults */
  constructor(
    options: Pick<AlertEngineOptions, "inhibitions"> & {
      readonly settings?: Partial<AllRuleSettings>;
    } = {},
  ) {
    this.#settings = { ...RULE_DEFAULTS, ...options.settings };
    this.engine = new AlertEngine({
      ...options,
      settings: this.#settings,
      random: seededRandom(7),
    });
    // What is usual was learnt before.
    this.run(60_000);
  }

  /** Lets time pass. @param each what changes in the fleet before each look */
  run(ms: number, each: () => void = () => {}): void {
    for (let passed = 0; passed < ms; passed += TICK_MS) {
      this.fleet.pass(TICK_MS);
      each();
      const facts = { view: this.fleet.view(), ...this.extra };
      const past = this.#memory.take(facts.view);
      const found = alertRules(facts, { past, settings: this.#settings });
      this.notices.push(...this.engine.tick(found, this.fleet.at));
    }
  }

  /** What was told since this was asked last, such as `raised node_down s1b`. */
  told(): string[] {
    return this.notices.splice(0).map(({ kind, alert: { rule, subject } }) =>
      [kind, rule, ...Object.values(subject)].join(" ")
    );
  }

  /** The summary of the only alert that is raised. */
  summary(): string {
    const raised = this.engine.alerts.filter(({ state }) => state === "raised");
    return raised.map(({ summary }) => summary).join("; and ");
  }
}
