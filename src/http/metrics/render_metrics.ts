import { type Metric, prometheusContentType, Registry } from "prom-client";
import type { FleetView } from "../../monitor/fleet_view.ts";
import { FAMILIES } from "./families.ts";
import type { Family, Sample } from "./family.ts";

/** The content type of {@linkcode renderMetrics}: the text format that every Prometheus reads. */
export const METRICS_TYPE: string = prometheusContentType;

/**
 * What a process knows of itself and its databases, as Prometheus reads it. Isolates are added up
 * where they have no label of their own; no sample is there twice.
 *
 * @param view one process's, as `MonitorSource.own` tells it
 */
export async function renderMetrics(view: FleetView): Promise<string> {
  const registry = new Registry();
  for (const family of FAMILIES) registry.registerMetric(metricOf(family, view));
  return await registry.metrics();
}

/**
 * A metric as a registry asks for it, by `get`. prom-client's own classes want to count by
 * themselves: its histogram cannot be told what was counted elsewhere.
 */
function metricOf(family: Family, view: FleetView): Metric {
  const { name, type, help } = family;
  const values = summed(family.samples(view)).map(({ suffix, labels, value }) =>
    suffix === undefined ? { labels, value } : { labels, value, metricName: `${name}${suffix}` }
  );
  const told = { name, type, help, values };
  return { ...told, get: () => told } as unknown as Metric;
}

/** Samples of the same labels as one. */
function summed(samples: readonly Sample[]): Sample[] {
  const sums = new Map<string, Sample>();
  for (const sample of samples) {
    // Much cheaper than JSON; no name has this character.
    const key = [sample.suffix, ...Object.values(sample.labels)].join("\0");
    const known = sums.get(key);
    sums.set(key, known === undefined ? sample : { ...sample, value: known.value + sample.value });
  }
  return [...sums.values()];
}
