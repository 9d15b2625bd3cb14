/** One message of the log, as its stream holds it. */
interface Item {
  readonly sequence: number;
  readonly previous: number;
  readonly events: string;
}

/** An open intent, as its hash holds it. */
interface Open {
  readonly deadline: number;
  readonly text: string;
}

/** What {@linkcode ModelLog.record} is given, in the words of its script. */
export interface RecordArgs {
  readonly events: string;
  readonly opened: readonly {
    readonly id: string;
    readonly limitMs: number;
    readonly text: string;
  }[];
  readonly closed: readonly string[];
}

/** What {@linkcode ModelLog.renew} is given, in the words of its script. */
export interface RenewArgs {
  readonly ask: string;
  readonly reader: string;
  readonly epoch: string;
  readonly from: number;
  readonly holdMs: number;
}

/** How a {@linkcode ModelLog} differs from the real one. */
export interface ModelLogOptions {
  /** The server's `run_id`. */
  readonly server: string;
  /** How many messages the log keeps, and how many an answer has at most. */
  readonly keeps: number;
  /** Whether another server's log begins another epoch; `false` to see what becomes of it. */
  readonly noticesServer: boolean;
}

/** For how much longer than writes take a reader may have been silent and still have begun one. */
const SILENT_US = 60_000_000;

/**
 * The state that the scripts of `coherence_scripts.ts` work on, and what they do with it, in the
 * same terms: a test runs both side by side.
 */
export class ModelLog {
  readonly #options: ModelLogOptions;
  #epoch: string | undefined;
  #server: string | undefined;
  #sequence = 0;
  #since = 0;
  /** Whether an epoch before this one is known. */
  #heir = false;
  #items: Item[] = [];
  #open = new Map<string, Open>();
  /** When each reader renewed last. */
  #readers = new Map<string, number>();

  constructor(options: ModelLogOptions) {
    this.#options = options;
  }

  /** A copy as another server has it: a replica that was promoted, or one that loaded its file. */
  copy(server: string): ModelLog {
    const copy = new ModelLog({ ...this.#options, server });
    copy.#epoch = this.#epoch;
    copy.#server = this.#server;
    copy.#sequence = this.#sequence;
    copy.#since = this.#since;
    copy.#heir = this.#heir;
    copy.#items = [...this.#items];
    copy.#open = new Map(this.#open);
    copy.#readers = new Map(this.#readers);
    return copy;
  }

  /** FLUSHALL. */
  flush(): void {
    this.#epoch = undefined;
    this.#server = undefined;
    this.#sequence = 0;
    this.#items = [];
    this.#open.clear();
    this.#readers.clear();
  }

  /** @returns the script's reply, and the text that it publishes */
  record(args: RecordArgs, nowUs: number): { readonly reply: unknown; readonly published: string } {
    if (this.#epoch === undefined) this.#begin(nowUs, false);
    for (const { id, limitMs, text } of args.opened) {
      this.#open.set(id, { deadline: nowUs + limitMs * 1_000, text });
    }
    for (const id of args.closed) this.#open.delete(id);
    const previous = this.#sequence;
    this.#sequence = Math.max(previous + 1, nowUs);
    this.#items.push({ sequence: this.#sequence, previous, events: args.events });
    if (this.#items.length > this.#options.keeps) this.#items.shift();
    return {
      reply: [this.#epoch, String(this.#sequence)],
      published: `${this.#epoch} ${previous} ${this.#sequence} ${args.events}`,
    };
  }

  /** @returns the script's reply */
  renew({ ask, reader, epoch, from, holdMs }: RenewArgs, nowUs: number): unknown {
    const { server, keeps, noticesServer } = this.#options;
    if (this.#epoch === undefined) this.#begin(nowUs, false);
    const silent = nowUs - holdMs * 1_000 - SILENT_US;
    if (ask !== "plain" && noticesServer && this.#server !== server) {
      this.#begin(nowUs, [...this.#readers.values()].some((at) => at > silent));
    }
    this.#readers.set(reader, nowUs);
    for (const [id, at] of this.#readers) if (at <= silent) this.#readers.delete(id);
    const betrayed = epoch !== "" && epoch !== this.#epoch && !this.#heir;
    if (ask === "full" && betrayed) this.#begin(nowUs, true);
    const base = [this.#epoch, String(this.#sequence)];
    if (ask === "log") {
      const items = epoch === this.#epoch
        ? this.#items.filter(({ sequence }) => sequence > from).slice(0, keeps)
        : [];
      const parts = items.flatMap((item) => [
        String(item.sequence),
        String(item.previous),
        item.events,
      ]);
      return [...base, parts];
    }
    if (ask !== "full") return base;
    const left = this.#heir ? Math.max(0, this.#since + holdMs * 1_000 - nowUs) : 0;
    return [...base, String(left), [...this.#open.values()].map(({ text }) => text)];
  }

  /** A reader has nothing under way any longer. */
  leave(reader: string): void {
    this.#readers.delete(reader);
  }

  /** @returns the script's reply */
  overdue(nowUs: number): string[] {
    if (this.#epoch === undefined) this.#begin(nowUs, false);
    return [...this.#open.values()].filter(({ deadline }) => deadline <= nowUs)
      .map(({ text }) => text);
  }

  #begin(nowUs: number, inherits: boolean): void {
    this.#heir = inherits;
    this.#since = nowUs;
    this.#sequence = Math.max(this.#sequence + 1, nowUs);
    this.#epoch = String(this.#sequence);
    this.#server = this.#options.server;
    this.#items = [];
  }
}
