import { LEAVE, OVERDUE, RECORD, RENEW } from "../../../src/cache/coherence_scripts.ts";
import type { RedisScript } from "../../../src/drivers/redis.ts";
import { ModelLog } from "./model_log.ts";
import type { Simulation } from "./simulation.ts";

/** What a script is run with. */
export interface ScriptOptions {
  readonly keys: readonly string[];
  readonly args: readonly (string | number)[];
}

/** The server's end of a connection. */
export interface ServerSide {
  /** Whether it gets what is published. */
  subscribed: boolean;
  /** A message is published. */
  publish(text: string): void;
  /** The server has closed it. */
  close(): void;
}

/** How the Redis of a schedule is. */
export interface ModelRedisOptions {
  /** How many messages its log keeps. */
  readonly keeps: number;
  /** Whether a client gets what it publishes itself before its reply; servers differ. */
  readonly pushFirst: boolean;
  /** See `ModelLog`. */
  readonly noticesServer: boolean;
}

/** The model's microseconds when it begins. */
const ORIGIN_US = 1_000_000_000_000;

/** One Redis process. */
export class ModelServer {
  readonly log: ModelLog;
  readonly pushFirst: boolean;
  readonly connections = new Set<ServerSide>();
  /** Until when it answers nobody. */
  stalledUntil = 0;
  /** A master without enough replicas refuses whatever writes. */
  refuses = false;
  alive = true;
  readonly #sim: Simulation;

  constructor(sim: Simulation, log: ModelLog, pushFirst: boolean) {
    this.#sim = sim;
    this.log = log;
    this.pushFirst = pushFirst;
  }

  /** Runs one of the scripts. */
  run(script: RedisScript, { args }: ScriptOptions): Ran {
    const nowUs = ORIGIN_US + Math.floor(this.#sim.now * 1_000);
    return runOnModel(this.log, { script, args, nowUs });
  }

  /** Hands a message to all that are subscribed, but for one. */
  publish(text: string, except?: ServerSide): void {
    for (const each of this.connections) if (each.subscribed && each !== except) each.publish(text);
  }

  /** Ends it, or what it has of connections. */
  closeAll(): void {
    for (const each of [...this.connections]) each.close();
    this.connections.clear();
  }
}

/** The Redis of a fleet: the server that new connections reach, and how it is replaced. */
export class ModelRedis {
  primary: ModelServer;
  readonly #sim: Simulation;
  readonly #options: ModelRedisOptions;
  #servers = 0;

  constructor(sim: Simulation, options: ModelRedisOptions) {
    this.#sim = sim;
    this.#options = options;
    const { keeps, noticesServer } = options;
    const log = new ModelLog({ server: this.#nextId(), keeps, noticesServer });
    this.primary = new ModelServer(sim, log, options.pushFirst);
  }

  /** The process dies; another one is there after a while, with its data or with none. */
  restart({ awayMs, empty }: { readonly awayMs: number; readonly empty: boolean }): void {
    const { primary } = this;
    const log = primary.log.copy(this.#nextId());
    if (empty) log.flush();
    primary.alive = false;
    primary.closeAll();
    const next = this.primary = new ModelServer(this.#sim, log, this.#options.pushFirst);
    next.alive = false;
    this.#sim.after(awayMs, () => next.alive = true);
  }

  /**
   * A replica is promoted that lacks what the master did in the last `lossMs`. The old master dies,
   * or goes on with those that are connected to it: until it refuses, after `splitMs`, and dies.
   */
  failOver({ lossMs, splitMs }: { readonly lossMs: number; readonly splitMs: number }): void {
    const old = this.primary;
    const log = old.log.copy(this.#nextId());
    this.#sim.after(lossMs, () => {
      if (this.primary !== old) return;
      const next = this.primary = new ModelServer(this.#sim, log, this.#options.pushFirst);
      next.stalledUntil = old.stalledUntil;
      const die = () => {
        old.alive = false;
        old.closeAll();
      };
      if (splitMs === 0) return die();
      this.#sim.after(splitMs, () => old.refuses = true);
      this.#sim.after(splitMs + 500, die);
    });
  }

  #nextId(): string {
    return (++this.#servers).toString(16);
  }
}

/** What a script returned, and published. */
export interface Ran {
  readonly reply: unknown;
  readonly published?: string;
}

/** Runs one of the scripts on what stands for its keys. */
export function runOnModel(
  log: ModelLog,
  call: Pick<ScriptOptions, "args"> & { readonly script: RedisScript; readonly nowUs: number },
): Ran {
  const { script, nowUs } = call;
  const texts = call.args.map(String);
  switch (script) {
    case RECORD:
      return log.record(toRecord(texts), nowUs);
    case RENEW: {
      const [ask = "", reader = "", epoch = "", from, holdMs] = texts;
      const args = { ask, reader, epoch, from: Number(from), holdMs: Number(holdMs) };
      return { reply: log.renew(args, nowUs) };
    }
    case OVERDUE:
      return { reply: log.overdue(nowUs) };
    case LEAVE:
      log.leave(texts[0] ?? "");
      return { reply: 1 };
    default:
      throw new Error(`Cannot run a script: must be one of the log's, received ${script.lua}`);
  }
}

function toRecord(texts: readonly string[]) {
  const [, events = "", , count = "0", ...rest] = texts;
  const opened = [];
  for (let at = 0; at < 3 * Number(count); at += 3) {
    const [id = "", limitMs, text = ""] = rest.slice(at, at + 3);
    opened.push({ id, limitMs: Number(limitMs), text });
  }
  return { events, opened, closed: rest.slice(3 * Number(count)) };
}
