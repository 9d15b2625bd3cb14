import type { Clock } from "../core/clock.ts";
import type { ServerFacts } from "./db_health_status.ts";
import { type AskServer, lookAtServer, type PoolReads } from "./server_look.ts";

/** Asks a node; fails when that takes longer than it may. */
export type AskNode = (node: string, work: (ask: AskServer) => Promise<void>) => Promise<void>;

/** What servers say of themselves, by node; each is asked by itself, so that one that hangs holds up no other. */
export class ServerWatch {
  readonly #clock: Clock;
  readonly #askNode: AskNode;
  readonly #facts = new Map<string, ServerFacts>();
  readonly #reads = new Map<string, PoolReads>();
  readonly #asking = new Set<string>();

  constructor(options: { readonly clock: Clock; readonly askNode: AskNode }) {
    this.#clock = options.clock;
    this.#askNode = options.askNode;
  }

  /** What is known, by node; nothing of those that did not answer. */
  get facts(): Readonly<Record<string, ServerFacts>> {
    return Object.fromEntries(this.#facts);
  }

  /** Asks these nodes, but for those that still owe an answer. Never fails. */
  async look(nodes: readonly string[]): Promise<void> {
    await Promise.all(nodes.map((node) => this.#look(node)));
  }

  /** Forgets all: others ask now. */
  clear(): void {
    this.#facts.clear();
    this.#reads.clear();
  }

  async #look(node: string): Promise<void> {
    if (this.#asking.has(node)) return;
    this.#asking.add(node);
    try {
      await this.#askNode(node, async (ask) => {
        const before = this.#reads.get(node);
        const { facts, reads } = await lookAtServer(ask, { before, at: this.#clock.wallMs() });
        this.#facts.set(node, facts);
        this.#reads.set(node, reads);
      });
    } catch {
      // Whether it is up the looks of each second tell.
      this.#facts.delete(node);
    } finally {
      this.#asking.delete(node);
    }
  }
}
