import type { Config } from "../config/schema.ts";
import { within } from "../core/within.ts";
import type { TopologySnapshot } from "../routing/topology.ts";
import type { TaskHost } from "../tasks/tasks.ts";
import { FleetWatch } from "./fleet_watch.ts";
import { Isolate, type World } from "./isolate.ts";
import { claimPort } from "./listener.ts";
import type { Phase, StartOrder } from "./messages.ts";
import { RegistryKeeper } from "./registry_keeper.ts";
import { longestCacheMs } from "./settings.ts";
import { VERSION } from "./version.ts";
import { Workers } from "./workers.ts";

/** The exit code that asks to be started again: an isolate was lost. */
const EXIT_RESTART = 70;
/** The whole of a graceful stop, less what it takes to end the process. */
const STOP_MS = 23_000;
/** How long the first check of the statements may hold up a start. */
const FIRST_CHECK_MS = 5_000;
/** What the isolates that still work get, once one of them is lost. */
const LOST_DRAIN_MS = 2_000;

/** What a service is made of. */
export interface ServiceOptions {
  readonly config: Config;
  /** The authority's certificate (PEM), where the database speaks TLS under its own. */
  readonly ca: string | undefined;
  readonly world: World;
  /** What the fleet calls this machine. */
  readonly host: string;
  /** The module that worker isolates run. */
  readonly script: URL;
  /** Ends the process; called when an isolate is lost and the others have drained. */
  readonly onLost: (exitCode: number) => void;
}

/**
 * The service of one process, run by its main isolate: it serves requests itself, starts the
 * workers, and does for all of them what need be done once: probing roles, reading and checking
 * statements, watching that everybody is alive, stopping in order.
 */
export class Service implements TaskHost {
  readonly #options: ServiceOptions;
  readonly #workers: Workers;
  readonly #fleet: FleetWatch;
  readonly #registry: RegistryKeeper;
  #isolate: Isolate | undefined;
  #phase: Phase = "starting";
  #stopping: Promise<void> | undefined;

  constructor(options: ServiceOptions) {
    this.#options = options;
    const { world, script } = options;
    this.#workers = new Workers({
      clock: world.clock,
      script,
      events: {
        onSuspect: (shard) => this.#fleet.probeNow(shard),
        onSee: (what) => this.#fleet.monitor[what](),
        onLost: (name, why) => this.#lose(name, why),
      },
    });
    this.#fleet = new FleetWatch({
      ...options,
      identity: {
        id: world.random.token(),
        host: options.host,
        pid: Deno.pid,
        version: VERSION,
        startedAt: world.clock.wallMs(),
      },
      statements: () => this.#isolate?.optimizer.list() ?? [],
      onSlow: () => void this.#registry.checkPlans(),
      isolates: async (asked) => [
        ...this.#isolate === undefined ? [] : [this.#isolate.bulletin(asked)],
        ...await this.#workers.report(asked),
      ],
      onSnapshot: (snapshot) => this.#applyTopology(snapshot),
      onRedis: () => this.#tellStatus(),
      longestCacheMs: () => longestCacheMs(options.config, this.#started.optimizer.list()),
    });
    this.#registry = new RegistryKeeper({
      ...options,
      optimizer: () => this.#started.optimizer,
      topology: () => this.#fleet.snapshot,
      board: this.#fleet.plans,
      onStatements: (sources) => {
        this.#started.loadStatements(sources);
        this.#workers.broadcast({ type: "statements", sources });
      },
      onFacts: (facts) => {
        this.#started.applyFacts(facts);
        this.#workers.broadcast({ type: "facts", facts });
      },
    });
  }

  /** Answers a request in the main isolate. */
  fetch(request: Request): Response | Promise<Response> {
    return this.#started.fetch(request);
  }

  /**
   * Starts everything: this isolate first, so that `/livez` answers early, then the probes, then
   * the workers. Resolves when all serve.
   *
   * @throws {StatementFaultsError} if a statement file has a fault
   * @throws {Error} if the folder of statements or the port cannot be had
   * @throws {Error} if the account or the servers' limits rule it out
   */
  async start(options: { readonly listen: boolean }): Promise<void> {
    const { config, ca, world } = this.#options;
    const sources = await this.#registry.read();
    const port = options.listen ? claimPort(config.listen) : 0;
    const order = (name: string): StartOrder => {
      return { name, config, ca, port, sources, topology: this.#fleet.snapshot };
    };
    this.#isolate = new Isolate(order("isolate-1"), {
      world,
      onSuspect: (shard) => this.#fleet.probeNow(shard),
      monitor: this.#fleet.monitor,
    });
    if (this.#isolate.optimizer.list().length === 0) {
      world.log.warn("there are no statements", { folder: config.statements });
    }
    await this.#isolate.start(options);
    await this.#fleet.start();
    const workers = options.listen ? config.listen.isolates - 1 : 0;
    for (let n = 0; n < workers; n++) await this.#workers.start(order(`isolate-${n + 2}`));
    this.#workers.broadcast({ type: "topology", snapshot: this.#fleet.snapshot });
    this.#fleet.startMonitor();
    // A statement of which the servers were not asked yet is neither batched nor grouped.
    await within(this.#registry.check(), { clock: world.clock, ms: FIRST_CHECK_MS });
    if (this.#stopping !== undefined) return;
    this.#setPhase("serving");
    world.log.info("serving", { port, isolates: workers + 1 });
  }

  /** Reads the statements again; a fault changes nothing. Every verdict is a line in the log. */
  reload(): Promise<void> {
    return this.#registry.reload();
  }

  /**
   * Arms the probes again, asks again about statements that were refused, looks again at plans that
   * are worse or hears what others found of them, says how all stands.
   */
  checkHealth(): void {
    this.#fleet.rearm();
    this.#registry.recheck();
    if (this.#fleet.onDuty) void this.#registry.checkWorse();
    else void this.#registry.hearPlans();
    const { shards } = this.#fleet.snapshot;
    const states = Object.fromEntries(shards.map(({ name, status }) => [name, status]));
    this.#options.world.log.debug("health", { shards: states, redisUp: this.#fleet.redisUp });
  }

  /** Closes idle and aged connections of this isolate. */
  upkeep(): void {
    this.#started.upkeep();
  }

  /** Gives back the memory of this isolate's cache entries that are over. */
  evictExpired(): Promise<void> {
    return this.#started.evictExpired();
  }

  /** Looks at every statement's plan again, if this process works for the fleet. */
  async checkPlans(): Promise<void> {
    if (this.#fleet.onDuty) await this.#registry.checkPlans();
  }

  /** Deletes fences that were not used for long, if this process works for the fleet. */
  sweepFences(): Promise<void> {
    return this.#fleet.sweepFences();
  }

  /** Deletes what is too old in the shards' outboxes, if Redis cannot be told of it. */
  purgeOutboxes(): Promise<void> {
    return this.#fleet.purgeOutboxes();
  }

  /** Makes partitions ahead and drops old ones, if this process works for the fleet. */
  maintainPartitions(): Promise<void> {
    return this.#fleet.maintainPartitions();
  }

  /** Stops in order, within 25 s, without losing a request that was received. */
  stop(): Promise<void> {
    // At once: whoever drains is no longer looked at, and does nothing for others.
    if (this.#stopping === undefined) void this.#fleet.leave();
    return this.#stopping ??= this.#stop(STOP_MS);
  }

  async #stop(timeoutMs: number): Promise<void> {
    const { clock, log } = this.#options.world;
    log.info("stopping", { timeoutMs });
    this.#setPhase("stopping");
    const limit = new Promise<void>((resolve) => clock.after(timeoutMs + 1_000, resolve));
    const drained = Promise.all([
      this.#isolate?.stop({ timeoutMs }),
      this.#workers.drain(timeoutMs),
    ]);
    await Promise.race([drained, limit]);
    this.#workers.unwatch();
    await Promise.race([this.#fleet.stop(), limit]);
    log.info("stopped");
  }

  #lose(name: string, why: string): void {
    if (this.#stopping !== undefined) return;
    const { clock, log } = this.#options.world;
    log.error("an isolate was lost: ending the process", { name, why });
    const limit = new Promise<void>((resolve) => clock.after(LOST_DRAIN_MS, resolve));
    this.#stopping = this.#stop(LOST_DRAIN_MS);
    void Promise.race([this.#stopping, limit]).finally(() => this.#options.onLost(EXIT_RESTART));
  }

  #applyTopology(snapshot: TopologySnapshot): void {
    this.#isolate?.applyTopology(snapshot);
    this.#workers.broadcast({ type: "topology", snapshot });
  }

  #setPhase(phase: Phase): void {
    this.#phase = phase;
    this.#tellStatus();
  }

  #tellStatus(): void {
    const status = { phase: this.#phase, redisUp: this.#fleet.redisUp };
    this.#isolate?.applyStatus(status);
    this.#workers.broadcast({ type: "status", status });
  }

  get #started(): Isolate {
    if (this.#isolate !== undefined) return this.#isolate;
    throw new TypeError("Cannot use the service: it must be started first");
  }
}
