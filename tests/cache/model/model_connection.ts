import { unavailable } from "../../../src/drivers/redis_replies.ts";
import type { ModelProcess } from "./model_process.ts";
import type { ModelServer, ServerSide } from "./model_redis.ts";

/** What a {@linkcode ModelConnection} is made of. */
export interface ModelConnectionOptions {
  readonly process: ModelProcess;
  readonly server: ModelServer;
  /** The longest way of a packet, in milliseconds. */
  readonly delayMs: number;
  /** Until when packets wait on their way. */
  readonly frozenUntil: () => number;
  /** By how much later what is sent to the client arrives. */
  readonly slowBy: () => number;
  /** A message arrives. */
  readonly onMessage: (text: string) => void;
  /** The connection is of no use any longer. */
  readonly onEnd: () => void;
}

/** What the server answers, and what it publishes to this client after that. */
export interface Answer {
  readonly reply?: unknown;
  readonly after?: string | undefined;
}

const TIMEOUT_MS = 1_000;

/** One TCP connection: both directions keep their order, and nothing is lost before it ends. */
export class ModelConnection {
  readonly server: ModelServer;
  /** What the server has of it. */
  readonly side: ServerSide;
  readonly #options: ModelConnectionOptions;
  #open = true;
  #toServerAt = 0;
  #toClientAt = 0;
  /** What has not reached the server. */
  readonly #requests = new Set<{ cancelled: boolean }>();
  /** What has not reached the client. */
  readonly #arrivals: { readonly at: number; readonly handle: () => void }[] = [];
  /** The commands that wait for their reply. */
  readonly #waiting = new Set<(error: unknown) => void>();

  constructor(options: ModelConnectionOptions) {
    this.#options = options;
    this.server = options.server;
    this.side = {
      subscribed: false,
      publish: (text) => this.#arrive(() => options.onMessage(text)),
      close: () => this.#arrive(() => options.onEnd()),
    };
    this.server.connections.add(this.side);
  }

  /** Whether it lasts, as far as the client knows. */
  get open(): boolean {
    return this.#open;
  }

  /** Sends a command; `run` is what the server does for it. */
  send(run: () => Answer): Promise<unknown> {
    const { process, onEnd } = this.#options;
    if (!process.alive) return new Promise(() => {});
    return new Promise((resolve, reject) => {
      const settle = (how: () => void) => {
        if (this.#waiting.delete(reject)) how();
      };
      this.#waiting.add(reject);
      this.#request(() => {
        try {
          const { reply, after } = run();
          this.#arrive(() => settle(() => resolve(reply)));
          if (after !== undefined) this.side.publish(after);
        } catch (error) {
          this.#arrive(() => settle(() => reject(error)));
        }
      });
      process.after(TIMEOUT_MS, () =>
        settle(() => {
          reject(unavailable("unknown", "no answer"));
          if (process.sim.chance(0.5)) onEnd();
        }));
    });
  }

  /** It ends: what was sent last may not reach the server, and nothing reaches the client. */
  end(): void {
    if (!this.#open) return;
    this.#open = false;
    this.server.connections.delete(this.side);
    let left = Math.floor(this.#options.process.sim.pick(this.#requests.size + 1));
    for (const request of this.#requests) request.cancelled = left-- <= 0;
    const failed = [...this.#waiting];
    this.#waiting.clear();
    for (const fail of failed) fail(unavailable("unknown", "connection lost"));
  }

  get #delay(): number {
    return this.#options.process.sim.pick(this.#options.delayMs);
  }

  #request(execute: () => void): void {
    const { process: { sim }, frozenUntil } = this.#options;
    const request = { cancelled: false };
    this.#requests.add(request);
    const reach = () => {
      const waitsUntil = Math.max(frozenUntil(), this.server.stalledUntil);
      if (sim.now < waitsUntil) return sim.at(waitsUntil, reach);
      this.#requests.delete(request);
      if (!request.cancelled && this.server.alive) execute();
    };
    this.#toServerAt = Math.max(this.#toServerAt, sim.now + this.#delay);
    sim.at(this.#toServerAt, reach);
  }

  #arrive(handle: () => void): void {
    const { process, slowBy } = this.#options;
    this.#toClientAt = Math.max(this.#toClientAt, process.now() + slowBy() + this.#delay);
    this.#arrivals.push({ at: this.#toClientAt, handle });
    process.at(this.#toClientAt, () => this.#read());
  }

  /** Handles all that has arrived in one go, as a real client does with what it reads. */
  #read(): void {
    const { process, frozenUntil } = this.#options;
    if (process.now() < frozenUntil()) return process.at(frozenUntil(), () => this.#read());
    for (let [next] = this.#arrivals; next !== undefined; [next] = this.#arrivals) {
      if (!this.#open || next.at > process.now()) return;
      this.#arrivals.shift();
      next.handle();
    }
  }
}
