import { z } from "zod";
import type { AlertRule } from "../monitor/alert.ts";
import {
  type AllRuleSettings,
  RULE_DEFAULTS,
  RULES,
  THRESHOLD_UNITS,
  type ThresholdUnit,
} from "../monitor/alerts/rule_settings.ts";
import { secretKey } from "../monitor/alerts/webhook_signature.ts";
import { count, duration, flag, positiveDuration } from "./scalars.ts";

/** What a threshold may be, by what it is a number of. */
const THRESHOLDS: Readonly<Record<ThresholdUnit, z.ZodType<number>>> = {
  milliseconds: positiveDuration,
  share: z.number().gt(0, "must be a share from 0 to 1").max(1, "must be a share from 0 to 1"),
  count: count(1),
};

const units: Partial<Record<AlertRule, ThresholdUnit>> = THRESHOLD_UNITS;

/** Some settings of one rule; what is left out is as in `RULE_DEFAULTS`. */
function ruleSchema(rule: AlertRule) {
  const unit = units[rule];
  const shared = { enabled: flag.optional(), for: duration.optional(), clear: duration.optional() };
  const shape = unit === undefined
    ? z.strictObject({ ...shared, threshold: z.undefined().optional() })
    : z.strictObject({ ...shared, threshold: THRESHOLDS[unit].optional() });
  return shape.prefault({}).transform(({ enabled, threshold, for: forMs, clear: clearMs }) => {
    const own = RULE_DEFAULTS[rule];
    return {
      enabled: enabled ?? own.enabled,
      threshold: threshold ?? own.threshold,
      forMs: forMs ?? own.forMs,
      clearMs: clearMs ?? own.clearMs,
    };
  });
}

const rules = z.strictObject(
  Object.fromEntries(RULES.map((rule) => [rule, ruleSchema(rule)])) as Record<
    AlertRule,
    ReturnType<typeof ruleSchema>
  >,
);

const webhook = z.strictObject({
  url: z.url({ protocol: /^https?$/, error: "must be an address of http or https" }),
  /** `whsec_` and base64, or any text. */
  secret: z.string().min(16, "must have at least 16 characters").refine(isUsable, {
    error: "must be base64 after whsec_",
  }),
});

/** What is alerted of, and where alerts are sent. */
export const alerts = z.strictObject({
  rules: rules.prefault({}).transform((settings): AllRuleSettings => settings),
  webhooks: z.array(webhook).max(16).default([]),
});

function isUsable(secret: string): boolean {
  try {
    return secretKey(secret).length > 0;
  } catch {
    return false;
  }
}
