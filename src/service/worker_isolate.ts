import type { World } from "./isolate.ts";
import { Isolate } from "./isolate.ts";
import type { ToMain, ToWorker } from "./messages.ts";
import { SilenceWatch } from "./silence_watch.ts";

/** The worker's end of its channel to the main isolate. */
export interface WorkerPort {
  post(message: ToMain): void;
  onMessage(listener: (message: ToWorker) => void): void;
}

/** How long a worker finishes its own requests once the main isolate fell silent. */
const ORPHAN_DRAIN_MS = 2_000;

/**
 * Runs one worker isolate by the main one's orders. If the main isolate falls silent for 3 s, it
 * is stuck, and so is its share of the port: the worker finishes what it has and calls
 * `killProcess`, since nothing gentler ends a process whose main isolate loops.
 */
export function runWorker(
  port: WorkerPort,
  options: {
    readonly worldOf: (name: string) => World | Promise<World>;
    readonly killProcess: () => void;
    readonly onIsolate: (isolate: Isolate) => void;
  },
): void {
  let isolate: Isolate | undefined;
  let watch: SilenceWatch | undefined;

  const start = async (message: ToWorker & { type: "start" }) => {
    const world = await options.worldOf(message.order.name);
    const started = new Isolate(message.order, {
      world,
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
      case "drain":
        watch?.stop();
        void (isolate?.stop({ timeoutMs: message.timeoutMs }) ?? Promise.resolve())
          .finally(() => port.post({ type: "drained" }));
        return;
    }
  });
  port.post({ type: "loaded" });
}
