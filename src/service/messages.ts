import type { Config } from "../config/schema.ts";
import type { IsolateBulletin } from "../monitor/database_monitor.ts";
import type { FleetView } from "../monitor/fleet_view.ts";
import type { MonitorSource } from "../monitor/monitor_source.ts";
import type { StatementFacts, StatementSource } from "../query/statement.ts";
import type { TopologySnapshot } from "../routing/topology.ts";

/** Where the service stands in its life. */
export type Phase = "starting" | "serving" | "stopping";

/** What every isolate learns from the main one, as a value. */
export interface Status {
  readonly phase: Phase;
  readonly redisUp: boolean;
}

/** What an isolate needs to start. */
export interface StartOrder {
  /** The isolate's name, such as `isolate-2`. */
  readonly name: string;
  readonly config: Config;
  /** The authority's certificate (PEM), where the database speaks TLS under its own. */
  readonly ca: string | undefined;
  /** The port to share; already known to be free. */
  readonly port: number;
  readonly sources: readonly StatementSource[];
  /** What is known of the fleet, so that it need not wait for the next look. */
  readonly topology: TopologySnapshot;
}

/** From the main isolate to a worker. */
export type ToWorker =
  | { readonly type: "start"; readonly order: StartOrder }
  | { readonly type: "beat" }
  | { readonly type: "status"; readonly status: Status }
  | { readonly type: "topology"; readonly snapshot: TopologySnapshot }
  | { readonly type: "statements"; readonly sources: readonly StatementSource[] }
  | { readonly type: "facts"; readonly facts: Readonly<Record<string, StatementFacts>> }
  /** Asks how the isolate does. */
  | { readonly type: "report"; readonly id: number; readonly latency: boolean }
  /** Answers what a worker wanted to see; `undefined` where that is not known. */
  | { readonly type: "seen"; readonly id: number; readonly view: FleetView | undefined }
  | { readonly type: "drain"; readonly timeoutMs: number };

/** From a worker to the main isolate. */
export type ToMain =
  | { readonly type: "loaded" }
  | { readonly type: "started" }
  | { readonly type: "failed"; readonly detail: string }
  | { readonly type: "beat" }
  | { readonly type: "suspect"; readonly shard: string }
  | { readonly type: "reported"; readonly id: number; readonly bulletin: IsolateBulletin }
  /** Asks for what the main isolate knows. */
  | { readonly type: "see"; readonly id: number; readonly what: keyof MonitorSource }
  | { readonly type: "drained" };
