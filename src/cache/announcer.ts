import type { Clock, Timer } from "../core/clock.ts";
import { SharedTrace } from "../core/shared_trace.ts";
import type { Trace } from "../core/telemetry.ts";
import type { CacheEvent } from "./cache_event.ts";

/** Where events go. Throws {@linkcode RealmgateError} `redis_unavailable`. */
export type RecordEvents = (
  events: readonly CacheEvent[],
  trace: Trace | undefined,
) => Promise<void>;

interface Item {
  /** `undefined` for a mark: what stands before it is recorded once it is reached. */
  readonly event: CacheEvent | undefined;
  /** `undefined` for what is sent again until it is recorded. */
  readonly done: ((error: unknown) => void) | undefined;
  /** Where the write is traced that it is about. */
  readonly trace: Trace | undefined;
}

/** Events of one message. */
const MAX_BATCH = 256;
/** Ends of writes that wait for a log that is away; past it the oldest are left to the sweepers. */
const MAX_KEPT = 10_000;

/** For how long what nobody waits for may be kept, to go with what somebody does. */
export interface Linger {
  readonly clock: Clock;
  readonly ms: number;
}

/**
 * Sends an isolate's events to the fleet's log, in their order: at once while none are on their
 * way, else all that gathered meanwhile as one message. What nobody waits for lingers a moment, to go
 * with what comes next. So a busy isolate costs the log, and every reader of it, less than a message
 * per write.
 */
export class Announcer {
  readonly #record: RecordEvents;
  #queue: Item[] = [];
  /** The batch under way. */
  #flying: Promise<void> | undefined;
  readonly #linger: Linger | undefined;
  #timer: Timer | undefined;

  /** @param linger default: nothing lingers */
  constructor(record: RecordEvents, linger?: Linger) {
    this.#record = record;
    this.#linger = linger;
  }

  /** How many events wait to be sent. */
  get size(): number {
    return this.#queue.length;
  }

  /**
   * Tells an event once.
   *
   * @returns once it is recorded
   * @throws {RealmgateError} `redis_unavailable`; its outcome is `unknown` where it may be recorded
   */
  tell(event: CacheEvent, trace?: Trace): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({
        event,
        trace,
        done: (error) => error === undefined ? resolve() : reject(error),
      });
      this.#send();
    });
  }

  /**
   * @returns once everything that was told until now is recorded; at once where all is
   * @throws {RealmgateError} `redis_unavailable`
   */
  told(): Promise<void> {
    if (this.#flying === undefined && this.#queue.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#queue.push({
        event: undefined,
        trace: undefined,
        done: (error) => error === undefined ? resolve() : reject(error),
      });
      this.#send();
    });
  }

  /** Tells an event, again and again until it is recorded; see {@linkcode Announcer.resume}. */
  keepTelling(event: CacheEvent, trace?: Trace): void {
    this.#queue.push({ event, done: undefined, trace });
    this.#sendSoon();
  }

  /** Takes back what was not sent yet. @returns whether it was not */
  takeBack(event: CacheEvent): boolean {
    const at = this.#queue.findIndex((item) => item.event === event);
    if (at < 0) return false;
    this.#queue.splice(at, 1);
    return true;
  }

  /** The log is back: what waits is sent. */
  resume(): void {
    this.#send();
  }

  /** Sends what lingers; resolves once nothing is on its way. */
  async idle(): Promise<void> {
    this.#send();
    while (this.#flying !== undefined) await this.#flying;
  }

  /** Where nobody waits for anything, after a moment. */
  #sendSoon(): void {
    const linger = this.#linger;
    const urgent = linger === undefined || this.#queue.length >= MAX_BATCH ||
      this.#queue.some(({ done }) => done !== undefined);
    if (urgent) this.#send();
    else if (this.#queue.length > 0 && this.#flying === undefined) {
      this.#timer ??= linger.clock.after(linger.ms, () => this.#send());
    }
  }

  #send(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#flying !== undefined || this.#queue.length === 0) return;
    const batch = this.#queue.splice(0, MAX_BATCH);
    const events = batch.flatMap(({ event }) => event ?? []);
    const recorded = events.length === 0 ? Promise.resolve() : this.#record(events, traceOf(batch));
    this.#flying = recorded.then(
      () => {
        for (const { done } of batch) done?.(undefined);
        this.#flying = undefined;
        this.#sendSoon();
      },
      (error: unknown) => {
        this.#flying = undefined;
        this.#failed(batch, error);
      },
    );
  }

  /** Nothing is repeated in a loop: a log that failed is told again once it is back. */
  #failed(batch: readonly Item[], error: unknown): void {
    const [waiting, kept] = [this.#queue, batch.filter(({ done }) => done === undefined)];
    this.#queue = [...kept, ...waiting.filter(({ done }) => done === undefined)].slice(-MAX_KEPT);
    for (const { done } of batch) done?.(error);
    for (const { done } of waiting) done?.(error);
  }
}

/** Where a message is traced: with all writes that it is about. */
function traceOf(batch: readonly Item[]): SharedTrace | undefined {
  let shared: SharedTrace | undefined;
  for (const { trace } of batch) if (trace !== undefined) (shared ??= new SharedTrace()).add(trace);
  return shared;
}
