import type { World } from "./isolate.ts";
import { Isolate } from "./isolate.ts";
import type { StartOrder, ToMain, ToWorker } from "./messages.ts";
import type { FleetView } from "../monitor/fleet_view.ts";
import type { MonitorSource } from "../monitor/monitor_source.ts";
import { RealmgateError } from "../core/errors.ts";
import { Replies } from "./replies.ts";
import { SilenceWatch } from "./silence_watch.ts";

/** The worker's end of its channel to the main isolate. */
export interface WorkerPort {
  post(message: ToMain): void;
  onMessage(listener: (message: ToWorker) => void): void;
}

/** How long a worker finishes its own requests once the main isolate fell silent. */
const ORPHAN_DRAIN_MS = 2_000;
/** How long the main isolate has to show what it knows; it asks others for it. */
const SEE_TIMEOUT_MS = 3_000;

/**
 * Runs one worker isolate by the main one's orders. If the main isolate falls silent for 3 s, it
 * is stuck, and so is its share of the port: the worker finishes what it has and calls
 * `killProcess`, since nothing gentler ends a process whose main isolate loops.
 */
export function runWorker(
  port: WorkerPort,
  options: {
    readonly worldOf: (order: StartOrder) => World | Promise<World>;
    readonly killProcess: () => void;
    readonly onIsolate: (isolate: Isolate) => void;
  },
): void {
  let isolate: Isolate | undefined;
  let watch: SilenceWatch | undefined;
  let views: Replies<FleetView | undefined> | undefined;

  const start = async (message: ToWorker & { type: "start" }) => {
    const world = await options.worldOf(message.order);
    const replies = views = new Replies<FleetView | undefined>(world.clock);
    const started = new Isolate(message.order, {
      world,
      monitor: remoteMonitor((what, timeoutMs) =>
        replies.ask((id) => port.post({ type: "see", id, what }), timeoutMs)
      ),
      onSuspect: (shard) => port.post({ type: "suspect", shard }),
    });
    await started.start({ listen: true });
    isolate = started;
    options.onIsolate(started);
    const onSilent = () => {
      world.log.error("the main isolate is silent: ending the process", {});
      world.clock.after(ORPHAN_DRAIN_MS, options.killProcess);
      void started.stop({ timeoutMs: ORPHAN_DRAIN_MS }).finally(options.killProcess);
    };
    watch = new SilenceWatch({ clock: world.clock, onSilent });
    watch.start();
    port.post({ type: "started" });
  };

  port.onMessage((message) => {
    switch (message.type) {
      case "start":
        start(message).catch((error: unknown) => {
          port.post({
            type: "failed",
            detail: error instanceof Error ? error.message : `${error}`,
          });
        });
        return;
      case "beat":
        watch?.heard();
        port.post({ type: "beat" });
        return;
      case "status":
        isolate?.applyStatus(message.status);
        return;
      case "topology":
        isolate?.applyTopology(message.snapshot);
        return;
      case "statements":
        isolate?.loadStatements(message.sources);
        return;
      case "facts":
        isolate?.applyFacts(message.facts);
        return;
      case "report": {
        const { id, latency } = message;
        if (isolate === undefined) return;
        return port.post({ type: "reported", id, bulletin: isolate.bulletin({ latency }) });
      }
      case "seen":
        return views?.answer(message.id, message.view);
      case "drain":
        watch?.stop();
        void (isolate?.stop({ timeoutMs: message.timeoutMs }) ?? Promise.resolve())
          .finally(() => port.post({ type: "drained" }));
        return;
    }
  });
  port.post({ type: "loaded" });
}

/** What the main isolate knows, asked for by a worker. */
function remoteMonitor(
  see: (what: keyof MonitorSource, timeoutMs: number) => Promise<FleetView | undefined>,
): MonitorSource {
  const ask = async (what: keyof MonitorSource) => {
    const view = await see(what, SEE_TIMEOUT_MS);
    if (view !== undefined) return view;
    throw new RealmgateError(
      "overloaded",
      "Cannot tell how the fleet does: this process's main isolate did not answer in time",
      { retryAfterMs: 1_000 },
    );
  };
  return { fleet: () => ask("fleet"), own: () => ask("own") };
}
