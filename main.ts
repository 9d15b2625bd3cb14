/**
 * Realmgate's entry: the environment, the adapters, the scheduled tasks, the signals.
 *
 * `deno task start` runs `main.ts serve`, which listens; any other importer gets `fetch` and
 * nothing else. The same module runs in the worker isolates, which take their orders from the
 * main one.
 */
import { readConfig } from "./src/config/read_config.ts";
import { systemClock } from "./src/core/clock.ts";
import { systemRandom } from "./src/core/random.ts";
import type { Tracing } from "./src/core/telemetry.ts";
import { Mysql2Driver } from "./src/drivers/mysql2_driver.ts";
import { failureCode } from "./src/query/failure.ts";
import type { World } from "./src/service/isolate.ts";
import type { StartOrder } from "./src/service/messages.ts";
import { isolateLog, setupLog } from "./src/service/log_setup.ts";
import { Service } from "./src/service/service.ts";
import { VERSION } from "./src/service/version.ts";
import { runWorker } from "./src/service/worker_isolate.ts";
import { type TaskHost, TASKS } from "./src/tasks/tasks.ts";

/** JSON is hardly ever shorter than half of what it is made of. */
const BYTES_READ_PER_ANSWERED = 2;
/** Enough for what the service asks servers for itself, such as all partitions of a table. */
const LEAST_BYTES_READ = 16 * 1_048_576;

const host: { current: TaskHost | undefined } = { current: undefined };
for (const task of TASKS) {
  Deno.cron(task.name, task.schedule, async () => {
    if (host.current !== undefined) await task.run(host.current);
  });
}

if ("WorkerGlobalScope" in globalThis) work();
else if (Deno.args[0] === "serve") await serve();

const embedded: { service: Promise<Service> | undefined } = { service: undefined };

/** Answers a request; the first one starts the service, without a port of its own. */
async function fetch(request: Request): Promise<Response> {
  const service = await (embedded.service ??= startEmbedded());
  return await service.fetch(request);
}

/** A start that failed is tried again by the next request. */
async function startEmbedded(): Promise<Service> {
  try {
    return await start({ listen: false });
  } catch (error) {
    embedded.service = undefined;
    throw error;
  }
}

/**
 * What importers get, such as `deno serve`. Empty for `main.ts serve`, which listens by itself: Deno
 * would take `fetch` for something to serve, and say so on each start.
 */
const served: { readonly fetch?: (request: Request) => Promise<Response> } =
  Deno.args[0] === "serve" ? {} : { fetch };
export default served;

/** The adapters of this isolate, its log among them: once, whichever isolate it is. */
async function worldOf({ name, config }: Pick<StartOrder, "name" | "config">): Promise<World> {
  setupLog(config.log.level);
  const { resultBytes } = config.limits;
  const maxBytes = Math.max(BYTES_READ_PER_ANSWERED * resultBytes, LEAST_BYTES_READ);
  return {
    clock: systemClock,
    random: systemRandom,
    log: isolateLog(name),
    driver: new Mysql2Driver({ maxBytes }),
    tracing: await openTracing(),
  };
}

/** Own spans beside Deno's, where it exports any; else nothing of OpenTelemetry is even loaded. */
async function openTracing(): Promise<Tracing | undefined> {
  if (Deno.env.get("OTEL_DENO") !== "true") return undefined;
  const { otelTracing } = await import("./src/drivers/otel_tracing.ts");
  return otelTracing({ version: VERSION, codeOf: failureCode });
}

async function start(options: { readonly listen: boolean }): Promise<Service> {
  const { config, ca } = await readConfig(Deno.env.toObject());
  const service = new Service({
    config,
    ca,
    world: await worldOf({ name: "isolate-1", config }),
    script: new URL(import.meta.url),
    // A container's name; nothing else of the system is read.
    host: Deno.env.get("HOSTNAME") ?? "localhost",
    onLost: (code) => Deno.exit(code),
  });
  await service.start(options);
  host.current = service;
  return service;
}

async function serve(): Promise<void> {
  // Before anything else: SIGHUP would end the process, and a container's first process is deaf to
  // a SIGTERM that it does not listen for. Until it serves it has promised nobody an answer.
  const running: { service: Service | undefined; reload: boolean } = {
    service: undefined,
    reload: false,
  };
  const stop = () => {
    if (running.service === undefined) Deno.exit(0);
    void running.service.stop().finally(() => Deno.exit(0));
  };
  Deno.addSignalListener("SIGTERM", stop);
  Deno.addSignalListener("SIGINT", stop);
  Deno.addSignalListener("SIGHUP", () => {
    if (running.service === undefined) running.reload = true;
    else void running.service.reload();
  });
  try {
    running.service = await start({ listen: true });
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
  if (running.reload) void running.service.reload();
}

function work(): void {
  const scope = globalThis as unknown as {
    postMessage(message: unknown): void;
    onmessage: ((event: MessageEvent) => void) | null;
  };
  runWorker(
    {
      post: (message) => scope.postMessage(message),
      onMessage: (listener) => scope.onmessage = (event) => listener(event.data),
    },
    {
      worldOf,
      killProcess: () => Deno.kill(Deno.pid, "SIGKILL"),
      // What one isolate does for the process, or one process for the fleet, is the main one's.
      onIsolate: (isolate) =>
        host.current = {
          upkeep: () => isolate.upkeep(),
          evictExpired: () => isolate.evictExpired(),
          checkHealth() {},
          async checkPlans() {},
          async sweepFences() {},
          async purgeOutboxes() {},
          async maintainPartitions() {},
        },
    },
  );
}
