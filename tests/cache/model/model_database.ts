import type { ModelProcess } from "./model_process.ts";
import type { Simulation } from "./simulation.ts";

/** A committed write. Its number is its position in the primary's binary log. */
export interface Commit {
  readonly number: number;
  readonly key: string;
  readonly at: number;
  /** Whether it left an outbox row because its intent was not recorded. */
  readonly outbox: boolean;
  /** When its outbox row was published. */
  publishedAt: number;
}

/** How a write is to end. */
export interface WriteOrder {
  readonly key: string;
  readonly outbox: boolean;
  /** How long the statement takes at the server. */
  readonly takesMs: number;
  readonly end: "applied" | "refused" | "reply_lost";
}

/** What was last seen of the servers, by looks that all processes hear of. */
export interface Look {
  readonly beganAt: number;
  /** Where the primary was. */
  readonly primary: number;
  /** Where the replica was. */
  readonly replica: number;
}

/** The server refused a write: it changed nothing. */
export class Refused extends Error {}

/** Nobody knows what became of a statement. */
export class Lost extends Error {}

interface Session {
  killed: boolean;
  /** Ends the statement that runs at once, applied or not. */
  end: (() => void) | undefined;
}

/** What a {@linkcode ModelDatabase} is made of. */
export interface ModelDatabaseOptions {
  /** The longest way of a packet, in milliseconds. */
  readonly delayMs: number;
  readonly lookEveryMs: number;
}

/** One shard: a primary, whose keys have versions, and a replica that lags. */
export class ModelDatabase {
  /** Every write, in its order. */
  readonly commits: Commit[] = [];
  /** Committed rows of the outbox that nobody has deleted. */
  readonly outbox = new Set<Commit>();
  /** How late the replica applies what is committed from now on. */
  lagMs = 0;
  readonly #sim: Simulation;
  readonly #options: ModelDatabaseOptions;
  readonly #sessions = new Map<number, Session>();
  readonly #versions = new Map<string, number[]>();
  #applied = 0;
  #appliesAt = 0;
  #look: Look | undefined;

  constructor(sim: Simulation, options: ModelDatabaseOptions) {
    this.#sim = sim;
    this.#options = options;
    this.#lookAgain();
  }

  /** The newest look. */
  get look(): Look | undefined {
    return this.#look;
  }

  /** Where the primary is. */
  get position(): number {
    return this.commits.length;
  }

  /** The version of a key that a server shows which is at a position. */
  version(key: string, position = this.position): number {
    return this.#versions.get(key)?.findLast((number) => number <= position) ?? 0;
  }

  /** Reads keys from a server, as of some instant while it takes that long. */
  read(
    process: ModelProcess,
    { keys, from, takesMs }: {
      readonly keys: readonly string[];
      readonly from: "primary" | "replica";
      readonly takesMs: number;
    },
  ): Promise<readonly number[]> {
    return new Promise((resolve) => {
      const there = this.#delay;
      const readAfter = there + this.#sim.pick(takesMs);
      this.#sim.after(readAfter, () => {
        const position = from === "primary" ? this.position : this.#applied;
        const versions = keys.map((key) => this.version(key, position));
        process.at(this.#sim.now + there + takesMs - readAfter + this.#delay, () => {
          resolve(versions);
        });
      });
    });
  }

  /** Opens a session; its number is what one kills it by. */
  open(): number {
    const number = this.#sessions.size + 1;
    this.#sessions.set(number, { killed: false, end: undefined });
    return number;
  }

  /**
   * Writes in a session.
   *
   * @returns the position; once the client's process hears of it
   * @throws {Refused} or {Lost}
   */
  write(process: ModelProcess, number: number, order: WriteOrder): Promise<number> {
    const session = this.#sessions.get(number);
    return new Promise((resolve, reject) => {
      const answer = (how: () => void) => process.at(this.#sim.now + this.#delay, how);
      const lost = () => answer(() => reject(new Lost()));
      if (!process.alive) return;
      this.#sim.after(this.#delay, () => {
        if (session === undefined || session.killed) return lost();
        let running = true;
        const finish = () => {
          if (!running) return;
          running = false;
          session.end = undefined;
          if (order.end === "refused") return answer(() => reject(new Refused()));
          const position = this.#commit(order);
          if (order.end === "reply_lost") return lost();
          answer(() => resolve(position));
        };
        session.end = () => {
          if (this.#sim.chance(0.5)) finish();
          else if (running) lost();
          running = false;
        };
        this.#sim.after(order.takesMs, finish);
      });
    });
  }

  /** Kills a session: nothing that it runs goes on, or will be begun. */
  kill(number: number): void {
    const session = this.#sessions.get(number);
    if (session === undefined) return;
    session.killed = true;
    session.end?.();
    session.end = undefined;
  }

  get #delay(): number {
    return this.#sim.pick(this.#options.delayMs);
  }

  #commit({ key, outbox }: WriteOrder): number {
    const at = this.#sim.now;
    const number = this.commits.length + 1;
    const commit: Commit = { number, key, at, outbox, publishedAt: Infinity };
    this.commits.push(commit);
    if (outbox) this.outbox.add(commit);
    const versions = this.#versions.get(key);
    if (versions === undefined) this.#versions.set(key, [number]);
    else versions.push(number);
    this.#appliesAt = Math.max(this.#appliesAt, at + this.lagMs);
    this.#sim.at(this.#appliesAt, () => this.#applied = number);
    return number;
  }

  #lookAgain(): void {
    const beganAt = this.#sim.now;
    this.#sim.after(this.#delay, () => {
      const look = { beganAt, primary: this.position, replica: this.#applied };
      this.#sim.after(this.#delay, () => this.#look = look);
    });
    this.#sim.after(this.#options.lookEveryMs, () => this.#lookAgain());
  }
}
