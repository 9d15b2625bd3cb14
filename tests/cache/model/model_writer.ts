import type { CacheManager } from "../../../src/cache/cache_manager.ts";
import { type ModelDatabase, Refused } from "./model_database.ts";
import type { ModelProcess } from "./model_process.ts";
import type { Staleness } from "./staleness.ts";

/** What becomes of a write. */
export type WriteFate =
  | "applied"
  | "refused"
  | "reply_lost"
  | "dies_after_intent"
  | "dies_meanwhile"
  | "dies_after_commit"
  | "dies_after_acknowledging";

/** What a writer leaves out of the rules, to see that they are needed. */
export interface WriterFaults {
  /** The client is answered before the isolate's own caches know. */
  readonly acknowledgesFirst: boolean;
  /** Nothing is told before the write. */
  readonly withoutIntent: boolean;
  /** A write whose intent is not recorded leaves no row. */
  readonly withoutOutbox: boolean;
}

/** What a {@linkcode ModelWriter} is made of. */
export interface ModelWriterOptions {
  readonly process: ModelProcess;
  readonly caches: CacheManager;
  readonly database: ModelDatabase;
  readonly staleness: Staleness;
  readonly faults: WriterFaults;
  /** Whose writes these are: an isolate's. */
  readonly isolate: object;
  /** Ends the isolate's process. */
  readonly die: () => void;
}

/** How long a statement may take, and how long after its intent it is certainly over. */
export const STATEMENT_MS = 1_000;
export const LIMIT_MS = 1_150;

/** Writes of one isolate, each in the order of its protocol: intent, statement, done. */
export class ModelWriter {
  /** How many writes had an outbox row. */
  rows = 0;
  readonly #options: ModelWriterOptions;

  constructor(options: ModelWriterOptions) {
    this.#options = options;
  }

  /** Writes a key. Resolves when the write is settled, if it ever is. */
  async write(
    key: string,
    { fate, takesMs }: { readonly fate: WriteFate; readonly takesMs: number },
  ): Promise<void> {
    const { process, caches, database, faults, die } = this.#options;
    if (!process.alive) return;
    const { bus } = caches;
    const connection = database.open();
    const write = { tags: [key], shard: "shard", node: "primary", connection, limitMs: LIMIT_MS };
    const { intent, recorded } = faults.withoutIntent
      ? { intent: { kind: "intent" as const, id: `none.${connection}`, ...write }, recorded: true }
      : await bus.intend(write);
    if (fate === "dies_after_intent") return die();
    if (!recorded) this.rows++;
    const end = fate === "refused" || fate === "reply_lost" ? fate : "applied";
    const outbox = !recorded && !faults.withoutOutbox;
    try {
      const written = database.write(process, connection, { key, outbox, takesMs, end });
      // What was sent goes on without it.
      if (fate === "dies_meanwhile") process.after(10, die);
      const number = await written;
      if (fate === "dies_after_commit") return die();
      const position = process.sim.chance(0.8) ? String(number) : "";
      const tell = () => bus.done(intent, { shard: "shard", epoch: "1", position });
      if (faults.acknowledgesFirst) process.after(100, tell);
      else tell();
      this.#options.staleness.acknowledge(this.#options.isolate, number);
      if (fate === "dies_after_acknowledging") die();
    } catch (error) {
      // Of a write whose end is not known nobody but the sweepers can tell.
      if (error instanceof Refused) bus.aborted(intent);
    }
  }
}
