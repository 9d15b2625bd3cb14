import type { Config } from "../config/schema.ts";
import { type AlertSink, logSink } from "../monitor/alerts/alert_sink.ts";
import { WebhookSink } from "../monitor/alerts/webhook_sink.ts";
import type { World } from "./isolate.ts";

/** Whom a process tells of alerts: its log, and the webhooks that the configuration names. */
export function alertSinks(
  { config: { fleet, alerts }, world }: {
    readonly config: Pick<Config, "fleet" | "alerts">;
    readonly world: Pick<World, "clock" | "random" | "log">;
  },
): AlertSink[] {
  return [
    logSink(world.log),
    ...alerts.webhooks.map((target) => new WebhookSink({ ...world, ...target, fleet })),
  ];
}
