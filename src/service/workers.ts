import type { Clock, Timer } from "../core/clock.ts";
import type { IsolateBulletin } from "../monitor/database_monitor.ts";
import type { FleetView } from "../monitor/fleet_view.ts";
import type { MonitorSource } from "../monitor/monitor_source.ts";
import type { StartOrder, ToMain, ToWorker } from "./messages.ts";
import { Replies } from "./replies.ts";
import { SilenceWatch } from "./silence_watch.ts";

/** How often isolates hear of each other. */
const BEAT_MS = 500;
/** How long a worker has to say how it does. */
const REPORT_TIMEOUT_MS = 1_000;

/** What the main isolate does when workers speak. */
export interface WorkerEvents {
  readonly onSuspect: (shard: string) => void;
  /** A worker wants to see what is known. */
  readonly onSee: (what: keyof MonitorSource) => Promise<FleetView>;
  /** A worker was not heard for 3 s, or failed after it had started. */
  readonly onLost: (name: string, why: string) => void;
}

interface Member {
  readonly name: string;
  readonly worker: Worker;
  readonly watch: SilenceWatch;
  readonly drained: Promise<void>;
  readonly reports: Replies<IsolateBulletin>;
  /** What it said last. */
  last: IsolateBulletin | undefined;
}

/** The worker isolates of the process, as the main isolate sees them. */
export class Workers {
  readonly #clock: Clock;
  readonly #script: URL;
  readonly #events: WorkerEvents;
  readonly #members: Member[] = [];
  #timer: Timer | undefined;

  /** @param options.script the module that a worker runs */
  constructor(
    options: { readonly clock: Clock; readonly script: URL; readonly events: WorkerEvents },
  ) {
    this.#clock = options.clock;
    this.#script = options.script;
    this.#events = options.events;
  }

  /** Starts one worker and resolves when it serves. @throws {Error} if it cannot */
  async start(order: StartOrder): Promise<void> {
    const worker = new Worker(this.#script, { type: "module", name: order.name });
    const started = Promise.withResolvers<void>();
    const drained = Promise.withResolvers<void>();
    const onSilent = () => this.#events.onLost(order.name, "it was silent for 3 s");
    const watch = new SilenceWatch({ clock: this.#clock, onSilent });
    const reports = new Replies<IsolateBulletin>(this.#clock);
    worker.onmessage = (event: MessageEvent<ToMain>) => {
      const message = event.data;
      watch.heard();
      switch (message.type) {
        case "loaded":
          return post(worker, { type: "start", order });
        case "started":
          return started.resolve();
        case "failed":
          return started.reject(new Error(`Cannot start ${order.name}: ${message.detail}`));
        case "suspect":
          return this.#events.onSuspect(message.shard);
        case "reported":
          return reports.answer(message.id, message.bulletin);
        case "see":
          return void this.#show(worker, message);
        case "drained":
          watch.stop();
          return drained.resolve();
        case "beat":
          return;
      }
    };
    let serving = false;
    worker.onerror = (event) => {
      event.preventDefault();
      if (serving) this.#events.onLost(order.name, event.message);
      else started.reject(new Error(`Cannot start ${order.name}: ${event.message}`));
    };
    await started.promise;
    serving = true;
    this.#members.push({
      name: order.name,
      worker,
      watch,
      drained: drained.promise,
      reports,
      last: undefined,
    });
    watch.start();
    this.#timer ??= this.#clock.every(BEAT_MS, () => this.broadcast({ type: "beat" }));
  }

  /** Tells every worker. */
  broadcast(message: ToWorker): void {
    for (const { worker } of this.#members) post(worker, message);
  }

  /** How every worker does; one that does not answer within a second stays as it was. */
  async report(options: { readonly latency: boolean }): Promise<IsolateBulletin[]> {
    await Promise.all(this.#members.map(async (member) => {
      const ask = (id: number) => post(member.worker, { type: "report", id, ...options });
      const answer = await member.reports.ask(ask, REPORT_TIMEOUT_MS);
      member.last = answer ?? member.last;
    }));
    return this.#members.flatMap(({ last }) => last ?? []);
  }

  /** Has every worker finish what it has; resolves when all have, whatever became of them. */
  async drain(timeoutMs: number): Promise<void> {
    this.broadcast({ type: "drain", timeoutMs });
    await Promise.all(this.#members.map(({ drained }) => drained));
  }

  async #show(
    worker: Worker,
    message: { readonly id: number; readonly what: keyof MonitorSource },
  ) {
    const view = await this.#events.onSee(message.what).catch(() => undefined);
    post(worker, { type: "seen", id: message.id, view });
  }

  /** Stops listening for silence: from here on a worker may take its time. */
  unwatch(): void {
    for (const { watch } of this.#members) watch.stop();
  }
}

function post(worker: Worker, message: ToWorker): void {
  worker.postMessage(message);
}
