import type { FleetView } from "./fleet_view.ts";

/** Where an isolate finds what is known; the main isolate of its process collects it. */
export interface MonitorSource {
  /** The whole fleet, at most some seconds old; this process alone while Redis is away. */
  fleet(): Promise<FleetView>;
  /**
   * The isolates of this process as they stand now, with the shards and nodes as it sees them;
   * without latencies.
   */
  own(): Promise<FleetView>;
}
