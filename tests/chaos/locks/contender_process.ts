import { fileURLToPath } from "node:url";
import { TextLineStream } from "../../../deploy/local/text_lines.ts";
import type { ContenderEvent, ContenderOrder, ContenderSetup } from "./events.ts";

const PROGRAM = fileURLToPath(new URL("contender.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../../deno.json", import.meta.url));
/** How long workers have for what they are about when they are told to stop. */
const STOP_MS = 15_000;

/** One client process, as whoever started it sees it. */
export class ContenderProcess {
  readonly client: string;
  readonly #child: Deno.ChildProcess;
  readonly #orders: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #listeners = new Set<(event: ContenderEvent) => void>();
  readonly #read: Promise<void>;

  /** @param onEvent told of everything, from the first event on */
  constructor(setup: ContenderSetup, onEvent: (event: ContenderEvent) => void) {
    this.client = setup.client;
    this.#listeners.add(onEvent);
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "-A", "--config", CONFIG, PROGRAM, JSON.stringify(setup)],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#orders = this.#child.stdin.getWriter();
    this.#read = this.#listen();
  }

  /** Resolves with the first event of a kind from now on. @throws after `withinMs` */
  next<K extends ContenderEvent["kind"]>(
    kind: K,
    { withinMs }: { readonly withinMs: number },
  ): Promise<Extract<ContenderEvent, { kind: K }>> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#listeners.delete(listener);
        reject(new Error(`Cannot wait longer for "${kind}" of ${this.client}: ${withinMs} ms`));
      }, withinMs);
      const listener = (event: ContenderEvent) => {
        if (event.kind !== kind) return;
        clearTimeout(timer);
        this.#listeners.delete(listener);
        resolve(event as Extract<ContenderEvent, { kind: K }>);
      };
      this.#listeners.add(listener);
    });
  }

  /** Tells it something; it hears of it when it runs. */
  async tell(order: ContenderOrder["order"]): Promise<void> {
    const line = new TextEncoder().encode(`${JSON.stringify({ order })}\n`);
    // One that was killed does not listen.
    await this.#orders.write(line).catch(() => {});
  }

  /** Sends it a signal. */
  signal(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** Kills it; returns once it is gone and all that it told was heard. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.#gone();
  }

  /** Ends it once its workers are done; returns as {@linkcode kill}. */
  async stop(): Promise<void> {
    this.signal("SIGCONT");
    await this.tell("stop");
    const timer = setTimeout(() => this.signal("SIGKILL"), STOP_MS);
    await this.#gone();
    clearTimeout(timer);
  }

  async #gone(): Promise<void> {
    await this.#child.status;
    await this.#read;
    await this.#orders.close().catch(() => {});
  }

  async #listen(): Promise<void> {
    for await (const line of this.#child.stdout.pipeThrough(new TextLineStream())) {
      let event: ContenderEvent;
      try {
        event = JSON.parse(line);
      } catch {
        // The last line of one that was killed may be cut.
        continue;
      }
      for (const listener of this.#listeners) listener(event);
    }
  }
}
