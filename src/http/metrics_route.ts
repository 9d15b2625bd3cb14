import type { Context } from "hono";
import type { Parts } from "./parts.ts";
import { authorize } from "./plain_call.ts";

/**
 * `GET /metrics`: all isolates of this process, for Prometheus, whichever of them answers. It needs
 * the scope `read`, unless the configuration opens it. What writes it is loaded when it is first
 * asked for: most isolates never are.
 */
export function getMetrics(
  parts: Pick<Parts, "authenticator" | "monitor" | "metricsOpen">,
): (c: Context) => Promise<Response> {
  return async (c) => {
    if (!parts.metricsOpen) authorize(parts, c.req.raw, "read");
    const { METRICS_TYPE, renderMetrics } = await import("./metrics/render_metrics.ts");
    const text = await renderMetrics(await parts.monitor.own());
    return new Response(text, {
      headers: { "content-type": METRICS_TYPE, "cache-control": "no-store" },
    });
  };
}
