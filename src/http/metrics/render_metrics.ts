import { AggregatorRegistry, prometheusContentType } from "prom-client";
import type { FleetView } from "../../monitor/fleet_view.ts";
import { FAMILIES } from "./families.ts";

/** The content type of {@linkcode renderMetrics}: the text format that every Prometheus reads. */
export const METRICS_TYPE: string = prometheusContentType;

/**
 * What a process knows of itself and its databases, as Prometheus reads it. Isolates are added up
 * where they have no label of their own; no sample is there twice.
 *
 * @param view one process's, as `MonitorSource.own` tells it
 */
export async function renderMetrics(view: FleetView): Promise<string> {
  const families = FAMILIES.map(({ name, type, help, samples }) => ({
    name,
    type,
    help,
    // Counts that were made elsewhere come in as values: this is how prom-client itself brings
    // together those of several workers, and the only way to give it a histogram's buckets.
    aggregator: "sum",
    values: samples(view).map(({ suffix, labels, value }) =>
      suffix === undefined ? { labels, value } : { labels, value, metricName: `${name}${suffix}` }
    ),
  }));
  return await AggregatorRegistry.aggregate([families]).metrics();
}
