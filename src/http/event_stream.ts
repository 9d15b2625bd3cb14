/** Writes that a client leaves untaken for so long end its stream. */
const STUCK_MS = 30_000;

/** What a stream begins with, and whom it tells of its end. */
export interface StreamOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Stands before the first write. */
  readonly head: string;
  /** Called once when the client has left. */
  readonly onGone: () => void;
}

/**
 * One client's server-sent events. It holds at most one write that the client has not taken yet:
 * as long as one is there, {@linkcode ready} is false and its owner writes nothing.
 */
export class EventStream {
  /** What the answer carries. */
  readonly body: ReadableStream<Uint8Array>;
  readonly #now: () => number;
  readonly #encoder = new TextEncoder();
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #head: string;
  #writtenAt: number;

  constructor(options: StreamOptions) {
    this.#now = options.now;
    this.#head = options.head;
    this.#writtenAt = options.now();
    this.body = new ReadableStream<Uint8Array>({
      start: (controller) => void (this.#controller = controller),
      cancel: () => {
        this.#controller = undefined;
        options.onGone();
      },
    }, { highWaterMark: 1 });
  }

  /** Whether the client has taken all that was written. */
  get ready(): boolean {
    return (this.#controller?.desiredSize ?? 0) > 0;
  }

  /** Whether the client has taken nothing for {@linkcode STUCK_MS}, though there was something. */
  get stuck(): boolean {
    return !this.ready && this.#now() - this.#writtenAt > STUCK_MS;
  }

  /** Writes text; only while {@linkcode ready}. */
  write(text: string): void {
    this.#writtenAt = this.#now();
    this.#controller?.enqueue(this.#encoder.encode(this.#head + text));
    this.#head = "";
  }

  /** Ends the answer, once what was written last is taken. */
  end(): void {
    this.#controller?.close();
    this.#controller = undefined;
  }

  /** Breaks the answer off: its client takes nothing. */
  cut(): void {
    this.#controller?.error(new Error("Cannot go on with a stream: its client must take it"));
    this.#controller = undefined;
  }
}
