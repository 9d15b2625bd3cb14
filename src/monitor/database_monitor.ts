import type { Clock, Timer } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { TopologySnapshot } from "../routing/topology.ts";
import type { Alert } from "./alert.ts";
import { BoardReader } from "./board_reader.ts";
import type { ServerFacts } from "./db_health_status.ts";
import type { FleetBoard, ProcessBulletin, ReadBulletin } from "./fleet_board.ts";
import type { FleetView, IsolateReport, ProcessReport } from "./fleet_view.ts";
import type { MonitorSource } from "./monitor_source.ts";
import { NO_COUNTS } from "./counts.ts";
import { NodeHealth } from "./node_health.ts";
import type { StatementReport } from "./query_metrics.ts";
import type { ServerWatch } from "./server_watch.ts";
import type { SlowSample } from "./statement_metrics.ts";
import { StatementTotals, toMetrics } from "./statement_totals.ts";

/** What one isolate tells the main isolate of its process. */
export interface IsolateBulletin {
  readonly report: IsolateReport;
  readonly statements: readonly StatementReport[];
  readonly slow: readonly SlowSample[];
}

/** What a {@linkcode DatabaseMonitor} is made of. */
export interface DatabaseMonitorOptions {
  readonly fleet: string;
  /** This process. */
  readonly identity: Pick<ProcessReport, "id" | "host" | "pid" | "version" | "startedAt">;
  readonly clock: Clock;
  readonly log: Log;
  readonly board: Pick<FleetBoard, "tell" | "read" | "leave">;
  readonly servers: Pick<ServerWatch, "facts" | "look" | "clear">;
  /** Asks every isolate of this process; those that do not answer are left as they were last. */
  readonly isolates: (
    options: { readonly latency: boolean },
  ) => Promise<readonly IsolateBulletin[]>;
  readonly topology: () => TopologySnapshot;
  /** Who looks at the databases: this process, another, or, without Redis, each for itself. */
  readonly duty: () => "ours" | "theirs" | "alone";
  readonly redisUp: () => boolean;
  readonly rssBytes: () => number;
  /** What is raised, or was in the last hour. */
  readonly alerts: () => readonly Alert[];
  /** Called every two seconds, for whoever judges what is known. */
  readonly judge: () => Promise<void>;
}

const TICK_MS = 1_000;
/** Every how many ticks the others are told, servers are asked in depth, and latencies are added up. */
const TELL_TICKS = 2;
const LOOK_TICKS = 10;
/** A process that was not heard for so long is silent. */
const SILENT_MS = 6_000;
/** How old what is answered may be. */
const FRESH_MS = 900;
/** Slow calls that are answered. */
const MAX_SLOW = 100;

/**
 * What is known of the fleet's databases, processes, isolates and statements, as the main isolate of
 * a process collects it. Each second it hears its isolates, every other it tells the fleet; every ten
 * it hears and tells latencies, which are most of it, and asks the servers in depth, if that is its
 * duty. Requests wait for none of it.
 */
export class DatabaseMonitor implements MonitorSource {
  readonly #options: DatabaseMonitorOptions;
  readonly #reader: BoardReader;
  readonly #health = new NodeHealth();
  readonly #totals = new StatementTotals();
  #isolates: readonly IsolateBulletin[] = [];
  #heardAt = -Infinity;
  #latencyAt = -Infinity;
  /** The hearing under way, whether it is of latencies too, and the one that comes after it. */
  #hearing: { readonly latency: boolean; readonly done: Promise<void> } | undefined;
  #next: { latency: boolean; readonly done: Promise<void> } | undefined;
  #timer: Timer | undefined;
  #ticks = 0;
  #ticking = false;
  /** The last time that the fleet was told. */
  #telling: Promise<void> | undefined;
  #stopped = false;

  constructor(options: DatabaseMonitorOptions) {
    this.#options = options;
    const { board, clock, identity } = options;
    this.#reader = new BoardReader({ board, clock, except: identity.id, freshMs: FRESH_MS });
  }

  /** Begins; also arms a timer that was lost anew. */
  start(): void {
    if (this.#stopped) return;
    this.#timer?.cancel();
    const { clock, log } = this.#options;
    this.#timer = clock.every(TICK_MS, () => {
      this.#tick().catch((error: unknown) => log.error("the monitor missed a look", { error }));
    });
  }

  /** Stops telling and judging. It still answers. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Stops, and tells the fleet that this process is gone. */
  async leave(): Promise<void> {
    this.stop();
    await this.#telling;
    await this.#options.board.leave(this.#options.identity.id);
  }

  /**
   * See {@linkcode MonitorSource.fleet}.
   *
   * @param options.latency whether latencies are needed: a view without them costs a fraction
   */
  async fleet(options: { readonly latency?: boolean } = {}): Promise<FleetView> {
    const { latency = true } = options;
    const [{ others }] = await Promise.all([this.#reader.read(latency), this.#hear({ latency })]);
    return this.#view(this.#options.redisUp() ? others : undefined, { latency });
  }

  /** See {@linkcode MonitorSource.own}. */
  async own(): Promise<FleetView> {
    await this.#hear({ latency: false, anew: true });
    return this.#view(undefined, { latency: false });
  }

  async #tick(): Promise<void> {
    if (this.#ticking) return;
    this.#ticking = true;
    try {
      const { topology, duty, servers, board } = this.#options;
      const tick = this.#ticks++;
      const latency = tick % LOOK_TICKS === 0;
      await this.#hear({ latency });
      if (duty() === "theirs") servers.clear();
      else if (latency) {
        void servers.look(topology().shards.flatMap(({ nodes }) => nodes.map(({ name }) => name)));
      }
      if (tick % TELL_TICKS === 0 && !this.#stopped) {
        await (this.#telling = board.tell(this.#bulletin({ latency })));
        await this.#options.judge();
      }
      this.#note();
    } finally {
      this.#ticking = false;
    }
  }

  #note(): void {
    const { clock, topology } = this.#options;
    const statuses = this.#health.statuses(topology(), this.#facts());
    this.#health.note(statuses, { now: clock.now(), at: clock.wallMs() });
  }

  /** Hears the isolates, unless that was just now; whoever waits for the same hearing shares it. */
  #hear(options: { readonly latency: boolean; readonly anew?: boolean }): Promise<void> {
    const { latency, anew = false } = options;
    const known = latency ? this.#latencyAt : this.#heardAt;
    if (!anew && this.#options.clock.now() - known < FRESH_MS) return Promise.resolve();
    const current = this.#hearing;
    if (current === undefined) return this.#begin(latency);
    if (!anew && (current.latency || !latency)) return current.done;
    if (this.#next !== undefined) {
      this.#next.latency ||= latency;
      return this.#next.done;
    }
    const done = current.done.catch(() => {}).then((): Promise<void> => {
      const asked = this.#next?.latency ?? latency;
      this.#next = undefined;
      return this.#begin(asked);
    });
    this.#next = { latency, done };
    return done;
  }

  #begin(latency: boolean): Promise<void> {
    const done = this.#hearNow(latency).finally(() => this.#hearing = undefined);
    this.#hearing = { latency, done };
    return done;
  }

  async #hearNow(latency: boolean): Promise<void> {
    const { isolates, clock } = this.#options;
    this.#isolates = await isolates({ latency });
    const at = clock.now();
    this.#totals.take(this.#isolates.flatMap(({ statements }) => statements), at);
    this.#heardAt = at;
    if (latency) this.#latencyAt = at;
  }

  /** @param others `undefined` where this process speaks for itself alone */
  #view(
    others: readonly ReadBulletin[] | undefined,
    options: { readonly latency: boolean },
  ): FleetView {
    const { fleet, clock, topology } = this.#options;
    const own = this.#bulletin(options);
    const all = [own, ...(others ?? []).map((one) => one.ageMs < SILENT_MS ? one : past(one))];
    const snapshot = topology();
    return {
      at: clock.wallMs(),
      fleet,
      scope: others === undefined ? "process" : "fleet",
      processes: [
        { ...own.process, state: "alive", ageMs: 0 },
        ...(others ?? []).map(({ process, ageMs }): ProcessReport => ({
          ...process,
          state: ageMs < SILENT_MS ? "alive" : "silent",
          ageMs,
        })),
      ],
      shards: snapshot.shards,
      nodes: this.#health.statuses(snapshot, this.#facts()),
      statements: toMetrics(all.flatMap(({ statements }) => statements)),
      slow: all.flatMap(({ slow }) => slow).sort((a, b) => b.at - a.at).slice(0, MAX_SLOW),
      alerts: this.#options.alerts(),
    };
  }

  /** The newest of what this process and, not long ago, the others were told by the servers. */
  #facts(): Readonly<Record<string, ServerFacts>> {
    const { others = [], at } = this.#reader.last;
    const lately = this.#options.clock.now() - at < SILENT_MS;
    const facts: Record<string, ServerFacts> = {};
    for (const { servers } of [this.#options, ...lately ? others : []]) {
      for (const [node, told] of Object.entries("facts" in servers ? servers.facts : servers)) {
        if (told.at >= (facts[node]?.at ?? 0)) facts[node] = told;
      }
    }
    return facts;
  }

  #bulletin(options: { readonly latency: boolean }): ProcessBulletin {
    const { identity, clock, duty, redisUp, rssBytes, servers } = this.#options;
    return {
      process: {
        ...identity,
        at: clock.wallMs(),
        onDuty: duty() === "ours",
        redisUp: redisUp(),
        rssBytes: rssBytes(),
        isolates: this.#isolates.map(({ report }) => report),
      },
      statements: this.#totals.list(options),
      slow: this.#isolates.flatMap(({ slow }) => slow),
      servers: servers.facts,
    };
  }
}

/** What is left of a process that is silent: what it had counted, and nothing that is recent. */
function past(bulletin: ReadBulletin): ReadBulletin {
  const statements = bulletin.statements.map((one) => ({
    ...one,
    recent: { ...NO_COUNTS, seconds: 0 },
    latency: undefined,
  }));
  return { ...bulletin, statements };
}
