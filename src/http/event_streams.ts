import type { Clock, Timer } from "../core/clock.ts";
import { RealmgateError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { MonitorSource } from "../monitor/monitor_source.ts";
import { type AlertChange, alertChanges, knownBefore } from "./alert_changes.ts";
import { EventStream } from "./event_stream.ts";

/** What streams work with; they own none of it. */
export interface EventStreamsOptions {
  readonly monitor: MonitorSource;
  readonly clock: Clock;
  readonly log: Log;
}

/** Streams of one isolate; past it the answer is 503 `overloaded`. */
export const MAX_STREAMS = 32;
const PERIOD_MS = 1_000;
/** How long a client waits before it connects again. */
const RETRY_MS = 1_000;

/** What all are told of one view. */
interface View {
  readonly text: string;
  readonly changes: readonly AlertChange[];
  /** The changes' ids. */
  readonly all: ReadonlySet<string>;
}

interface Listener {
  readonly stream: EventStream;
  /** The last change that the client says it was told of. */
  readonly lastId: string | null;
  /** The changes of alerts that it was told of; `undefined` before its first view. */
  known: ReadonlySet<string> | undefined;
}

/**
 * The fleet as server-sent events, for all who listen to this isolate: each second one view is asked
 * of the source and written to everybody, as long as anybody listens.
 *
 * Events are `fleet`, a whole view, and `alert`, for each alert that was raised or cleared since the
 * view that the client got before. A client that has not taken a view yet is passed over: it gets a
 * newer one later, and loses no alert by it. Where there is no view in a second, a comment says that
 * the stream lives.
 */
export class EventStreams {
  readonly #options: EventStreamsOptions;
  readonly #listeners = new Set<Listener>();
  #timer: Timer | undefined;
  /** The newest view, for those who come before the next one; none while nobody listens. */
  #last: View | undefined;
  #asking = false;
  #failing = false;
  #closed = false;

  constructor(options: EventStreamsOptions) {
    this.#options = options;
  }

  /** How many clients listen. */
  get size(): number {
    return this.#listeners.size;
  }

  /**
   * Begins a stream.
   *
   * @param lastId the id of the last `alert` that the client was told of, by an earlier stream
   * @throws {RealmgateError} `overloaded`, `shutting_down`
   */
  open(lastId: string | null): ReadableStream<Uint8Array> {
    if (this.#closed) {
      throw new RealmgateError("shutting_down", "Cannot begin a stream: the service is stopping");
    }
    if (this.#listeners.size >= MAX_STREAMS) {
      throw new RealmgateError(
        "overloaded",
        `Cannot begin a stream: at most ${MAX_STREAMS} may be open here, received one more`,
      );
    }
    const stream = new EventStream({
      head: `retry: ${RETRY_MS}\n\n`,
      now: () => this.#options.clock.now(),
      onGone: () => this.#leave(listener),
    });
    const listener: Listener = { stream, lastId, known: undefined };
    this.#listeners.add(listener);
    this.#timer ??= this.#options.clock.every(PERIOD_MS, () => this.#tick());
    if (this.#last === undefined) void this.#ask();
    else tell(listener, this.#last);
    return stream.body;
  }

  /** Ends every stream at once, and begins no more. */
  close(): void {
    this.#closed = true;
    for (const listener of [...this.#listeners]) {
      listener.stream.end();
      this.#leave(listener);
    }
  }

  #tick(): void {
    for (const listener of [...this.#listeners]) {
      if (!listener.stream.stuck) continue;
      listener.stream.cut();
      this.#leave(listener);
    }
    if (this.#asking) this.#beat();
    else void this.#ask();
  }

  async #ask(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    try {
      const fleet = await this.#options.monitor.fleet();
      this.#failing = false;
      const changes = alertChanges(fleet.alerts);
      const all = new Set(changes.map(({ id }) => id));
      const view = { text: `event: fleet\ndata: ${JSON.stringify(fleet)}\n\n`, changes, all };
      if (this.#listeners.size > 0) this.#last = view;
      for (const listener of this.#listeners) tell(listener, view);
    } catch (error) {
      if (!this.#failing) this.#options.log.warn("the fleet's view cannot be made", { error });
      this.#failing = true;
      this.#beat();
    } finally {
      this.#asking = false;
    }
  }

  #beat(): void {
    for (const { stream } of this.#listeners) if (stream.ready) stream.write(": no view yet\n\n");
  }

  #leave(listener: Listener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#last = undefined;
  }
}

/** Writes a view to one who can take it, with the changes that it does not know yet. */
function tell(listener: Listener, { text, changes, all }: View): void {
  const { stream, lastId } = listener;
  if (!stream.ready) return;
  const known = listener.known ?? knownBefore(changes, lastId);
  listener.known = all;
  stream.write(changes.filter(({ id }) => !known.has(id)).map(alertEvent).join("") + text);
}

function alertEvent({ id, alert }: AlertChange): string {
  return `id: ${id}\nevent: alert\ndata: ${JSON.stringify(alert)}\n\n`;
}
