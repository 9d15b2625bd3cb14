import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import type { DutyState } from "../locks/fleet_duty.ts";
import type { Alert } from "../monitor/alert.ts";
import { AlertEngine, MAX_RAISED, type Notice } from "../monitor/alerts/alert_engine.ts";
import type { AlertFacts } from "../monitor/alerts/alert_facts.ts";
import { AlertMemory } from "../monitor/alerts/alert_memory.ts";
import { alertRules } from "../monitor/alerts/alert_rules.ts";
import type { AlertSink } from "../monitor/alerts/alert_sink.ts";
import { NO_STATE } from "../monitor/alerts/alert_state.ts";
import type { AlertStore, StoredAlerts } from "../monitor/alerts/alert_store.ts";
import type { AllRuleSettings } from "../monitor/alerts/rule_settings.ts";
import { Troubles } from "./troubles.ts";

/** What a watch is made of. */
export interface AlertWatchOptions {
  readonly settings: AllRuleSettings;
  readonly store: Pick<AlertStore, "read" | "write">;
  /** Told of each alert; the watch stops them with itself. */
  readonly sinks: readonly AlertSink[];
  readonly clock: Pick<Clock, "wallMs">;
  readonly random: Random;
  readonly log: Log;
}

/** One look of the watch. */
export interface AlertTick {
  /** Who looks at the fleet now. */
  readonly duty: DutyState;
  /** What is known; asked for only by who must judge it, that is on duty or without Redis. */
  readonly facts: () => AlertFacts | Promise<AlertFacts>;
}

/** How often what only grows older is kept again. */
const KEEP_MS = 30_000;
/** What is younger may not have been delivered by whoever was on duty before. */
const YOUNG_MS = 5 * 60_000;

/**
 * The alerts of a fleet, as one process has them. The process on duty judges the facts, tells the
 * sinks and keeps what is raised in Redis; the others read that, and whichever takes over goes on
 * with it. While Redis is away each process judges what it sees itself. An alert that it raised then
 * is over when the fleet is back, unless it is the one that goes on.
 *
 * @example
 * ```ts
 * import { AlertWatch } from "./alert_watch.ts";
 * import { AlertStore } from "../monitor/alerts/alert_store.ts";
 * import { logSink } from "../monitor/alerts/alert_sink.ts";
 * import { RULE_DEFAULTS } from "../monitor/alerts/rule_settings.ts";
 * import { systemClock } from "../core/clock.ts";
 * import { silentLog } from "../core/log.ts";
 * import { systemRandom } from "../core/random.ts";
 * import type { RedisClient } from "../drivers/redis.ts";
 * import type { FleetView } from "../monitor/fleet_view.ts";
 *
 * function watchAlerts(redis: RedisClient, view: () => Promise<FleetView>) {
 *   const log = silentLog;
 *   const watch = new AlertWatch({
 *     settings: RULE_DEFAULTS,
 *     store: new AlertStore({ fleet: "realmgate", redis, log }),
 *     sinks: [logSink(log)],
 *     clock: systemClock,
 *     random: systemRandom,
 *     log,
 *   });
 *   // Each two seconds, and `watch.alerts` is what views show.
 *   return () => watch.tick({ duty: "ours", facts: async () => ({ view: await view() }) });
 * }
 * console.assert(typeof watchAlerts === "function");
 * ```
 */
export class AlertWatch {
  readonly #options: AlertWatchOptions;
  readonly #engine: AlertEngine;
  readonly #memory = new AlertMemory();
  readonly #troubles: Troubles;
  /** The part that this process plays with its engine brought up to it. */
  #part: DutyState | undefined;
  /** Alerts that are raised, and whose end this process has to tell. */
  #told = new Set<string>();
  /** Of alerts that another process told of: that they are over, seen while Redis was away. */
  #untold: Notice[] = [];
  /** Of its own alerts that nobody else knew of, the last ones: for views, until all have shown them. */
  #ended: readonly Alert[] = [];
  #kept = { revision: 0, at: -Infinity };
  #ticking: Promise<void> | undefined;
  #stopped = false;

  constructor(options: AlertWatchOptions) {
    this.#options = options;
    this.#engine = new AlertEngine(options);
    this.#troubles = new Troubles(options.log, "alerts not judged");
  }

  /** What is raised, and what was in the last hour; the newest first. Known without waiting. */
  get alerts(): readonly Alert[] {
    return this.#engine.alerts;
  }

  /** Looks once, or joins the look that is under way. Never fails. */
  tick(tick: AlertTick): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return this.#ticking ??= this.#tick(tick)
      .then(() => this.#troubles.over("tick"))
      .catch((error: unknown) => this.#troubles.tell("tick", error, {}))
      .finally(() => this.#ticking = undefined);
  }

  /** Looks no more and gives up what the sinks did not deliver yet. What is raised stays raised. */
  async stop(): Promise<void> {
    this.#stopped = true;
    // What a look has kept as told is given to them first.
    await this.#ticking;
    await Promise.all(this.#options.sinks.map((sink) => sink.stop()));
  }

  async #tick({ duty, facts }: AlertTick): Promise<void> {
    if (duty === "theirs") return await this.#follow();
    if (duty === "ours" && this.#part !== "ours") await this.#takeOver();
    if (duty === "alone") this.#part = "alone";
    const known = await facts();
    const past = this.#memory.take(known.view);
    const { settings, clock } = this.#options;
    const now = clock.wallMs();
    const notices = this.#engine.tick(alertRules(known, { past, settings }), now);
    // Told only once it is kept: who was on duty too long undoes and repeats nothing of its successor.
    if (this.#part === "ours" && !await this.#keep(now)) return;
    for (const notice of notices) {
      if (notice.kind === "raised") this.#told.add(notice.alert.id);
      // Without Redis others may tell of what they have raised: each tells of its own only.
      if (this.#part === "ours" || this.#told.has(notice.alert.id)) this.#tell(notice);
      else this.#untold = [...this.#untold, notice].slice(-MAX_RAISED);
    }
  }

  /** Has the alerts that the process on duty keeps. */
  async #follow(): Promise<void> {
    const fresh = this.#part !== "theirs";
    const kept = await this.#options.store.read({ all: fresh });
    if (kept === "unknown" || kept === "same") return;
    this.#part = "theirs";
    if (kept === "none" && !fresh) return;
    this.#adopt(kept === "none" ? NOTHING_KEPT : kept);
    this.#told.clear();
    this.#untold = [];
  }

  /** Goes on with what the process on duty before has kept, and tells the end of it from now on. */
  async #takeOver(): Promise<void> {
    const kept = await this.#options.store.read({ all: true });
    if (kept === "unknown") return;
    this.#part = "ours";
    if (kept !== "none" && kept !== "same") {
      const { engine, memory } = kept;
      this.#memory.import(memory);
      const raised = new Set(engine.episodes.map(({ alert }) => alert?.id));
      for (const notice of this.#untold) if (raised.has(notice.alert.id)) this.#tell(notice);
      for (const notice of this.#engine.merge(engine, this.#options.clock.wallMs())) {
        this.#tell(notice);
      }
    }
    this.#untold = [];
    this.#told = this.#raised();
    this.#tellYoung();
  }

  /** Tells again of what another process may have died with; sinks know by its id what they have told. */
  #tellYoung(): void {
    const since = this.#options.clock.wallMs() - YOUNG_MS;
    const young: [at: number, notice: Notice][] = [];
    for (const alert of this.#engine.alerts) {
      const { raisedAt, clearedAt } = alert;
      const raised: Alert = { ...alert, state: "raised", clearedAt: null };
      young.push([raisedAt, { kind: "raised", alert: raised, again: true }]);
      if (clearedAt !== null) young.push([clearedAt, { kind: "cleared", alert, again: true }]);
    }
    young.sort(([a], [b]) => a - b);
    for (const [at, notice] of young) if (at > since) this.#tell(notice);
  }

  /**
   * Keeps what is new for the others, and all of it now and then.
   *
   * @returns whether it is still this process that judges; else it has what its successor has kept
   */
  async #keep(now: number): Promise<boolean> {
    const { store } = this.#options;
    const { revision } = this.#engine;
    if (revision === this.#kept.revision && Math.abs(now - this.#kept.at) < KEEP_MS) return true;
    const alerts = { engine: this.#engine.export(), memory: this.#memory.export() };
    const result = await store.write(alerts);
    if (result === "kept") this.#kept = { revision, at: now };
    if (result !== "overtaken") return true;
    const kept = await store.read({ all: true });
    // A Redis that has lost its state has no successor's.
    if (typeof kept === "string") return true;
    this.#adopt(kept);
    this.#told = this.#raised();
    return false;
  }

  /** Takes over what the process on duty has kept, in place of its own. */
  #adopt({ engine, memory }: StoredAlerts): void {
    const known = new Set([
      ...engine.episodes.map(({ alert }) => alert?.id),
      ...engine.history.map(({ id }) => id),
    ]);
    const clearedAt = this.#options.clock.wallMs();
    // What nobody else knows of, nobody else will tell the end of.
    const ended = this.#engine.alerts
      .filter(({ id, state }) => state === "raised" && !known.has(id) && this.#told.has(id))
      .map((alert): Alert => ({ ...alert, state: "cleared", clearedAt }));
    this.#ended = [...this.#ended, ...ended].filter((alert) =>
      clearedAt - (alert.clearedAt ?? 0) < KEEP_MS && !known.has(alert.id)
    );
    this.#engine.import({ ...engine, history: [...this.#ended, ...engine.history] });
    this.#memory.import(memory);
    for (const alert of ended) this.#tell({ kind: "cleared", alert });
  }

  #raised(): Set<string> {
    return new Set(this.#engine.alerts.flatMap(({ id, state }) => state === "raised" ? id : []));
  }

  #tell(notice: Notice): void {
    if (notice.kind === "cleared") this.#told.delete(notice.alert.id);
    for (const sink of this.#options.sinks) sink.tell(notice);
  }
}

const NOTHING_KEPT: StoredAlerts = { engine: NO_STATE, memory: { primaries: {}, usual: [] } };
