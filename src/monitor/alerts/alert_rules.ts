import type { AlertRule } from "../alert.ts";
import type { AlertFacts, Past } from "./alert_facts.ts";
import type { Condition, Findings } from "./condition.ts";
import { errorConditions, poolConditions } from "./load_rules.ts";
import { nodeConditions } from "./node_rules.ts";
import { knowsPartitions, partitionConditions } from "./partition_rules.ts";
import { processConditions } from "./process_rules.ts";
import { type AllRuleSettings, RULES } from "./rule_settings.ts";
import { shardConditions } from "./shard_rules.ts";
import { planConditions, slowConditions } from "./statement_rules.ts";

/**
 * Applies every rule that is enabled to one look at the fleet: what is the case now, causes before
 * effects. A function of its arguments. What is not known raises nothing.
 */
export function alertRules(
  facts: AlertFacts,
  options: { readonly past: Past; readonly settings: AllRuleSettings },
): Findings {
  const order = new Map(RULES.map((rule, at) => [rule, at]));
  const found: Condition[] = [
    ...processConditions(facts, options),
    ...nodeConditions(facts, options),
    ...shardConditions(facts, options),
    ...planConditions(facts),
    ...poolConditions(facts, options),
    ...slowConditions(facts, options),
    ...errorConditions(facts, options),
    ...partitionConditions(facts, options),
  ];
  const conditions = found.filter(({ rule }) => options.settings[rule].enabled)
    .sort((a, b) => (order.get(a.rule) ?? 0) - (order.get(b.rule) ?? 0));
  // What a rule that is switched off has raised is over.
  const unknown = unknownRules(facts).filter((rule) => options.settings[rule].enabled);
  return { conditions, unknown: new Set(unknown) };
}

function unknownRules(facts: AlertFacts): AlertRule[] {
  const unknown: AlertRule[] = [];
  if (facts.plans === undefined) unknown.push("plan_change");
  if (!knowsPartitions(facts)) unknown.push("partition_missing");
  // While Redis is away other processes are not heard: that says nothing of them.
  if (facts.view.scope === "process") unknown.push("isolate_lost");
  return unknown;
}
