import { setImmediate } from "node:timers";
import type { Clock, Timer } from "../core/clock.ts";
import type { Scope, ScopeEnd, ScopeWatch } from "../core/scope.ts";
import { SharedTrace } from "../core/shared_trace.ts";
import type { Rows } from "../drivers/mysql.ts";
import { InterruptedError } from "../pool/interrupted_error.ts";
import { BatchSize } from "./batch_size.ts";
import { Crowd } from "./crowd.ts";
import type { Bound } from "./compiled_statement.ts";

/** One caller that waits for its key. */
interface Waiter {
  /** Whom it waits with. */
  member: Member;
  readonly scope: Scope;
  readonly leave: (end: ScopeEnd) => void;
  readonly resolve: (rows: Rows | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** A key that was asked for, and everybody who asked. */
interface Member {
  readonly bound: Bound;
  readonly waiters: Waiter[];
  /** Where it was sent. */
  sent: SentBatch | undefined;
}

interface SentBatch {
  readonly members: ReadonlyMap<string, Member>;
  readonly scope: Scope;
}

/** The keys that are read at once, with a call of each. */
export type Batch = ReadonlyMap<string, { readonly bound: Bound }>;

/** What was read for a batch. */
export interface BatchRows {
  readonly of: (key: string) => Rows;
  /** About how many bytes they all are. */
  readonly size: number;
}

/**
 * Reads a batch: the rows of its keys, `too_large` where that was of several and fewer have to be
 * asked for at once, or `undefined` where each caller has to read by itself.
 */
export type ReadBatch = (
  batch: Batch,
  scope: Scope,
) => Promise<BatchRows | "too_large" | undefined>;

/** Batches of one lane under way at once, whatever the node does. */
const MAX_UNDER_WAY = 4;
/** What a batch is taken to need before one was measured. */
const FIRST_USUAL_MS = 2;
/** How often a lane looks after those that wait while nobody comes; a timer for each costs too much. */
const LOOK_MS = 4;

/** What a {@linkcode ReadLane} is made of. */
export interface ReadLaneOptions {
  readonly clock: Clock;
  readonly watch: ScopeWatch;
  /** How long a batch may take. */
  readonly timeoutMs: number;
  readonly read: ReadBatch;
  /** Runs a task once the event loop has delivered all that has come. @default {setImmediate} */
  readonly afterTurn?: (task: () => void) => void;
}

/**
 * The calls of one statement on one node. While a batch is under way the next one gathers; so a node
 * at rest is asked at once, and one that is busy is asked for many keys at a time. Where many callers
 * come together, a batch also waits a moment for those who came the last times: without that, the
 * first of them would go alone. A second batch goes out beside the first only if that takes twice as
 * long as usual.
 */
export class ReadLane {
  readonly #options: ReadLaneOptions;
  #pending = new Map<string, Member>();
  #underWay = 0;
  #usualMs = FIRST_USUAL_MS;
  /** When the last batch was sent, on the clock's `now()`. */
  #sentAt = 0;
  #timer: Timer | undefined;
  readonly #size = new BatchSize();
  /** Whether callers come together: the last batch had more than one key. */
  #crowded = false;
  readonly #crowd: Crowd;

  constructor(options: ReadLaneOptions) {
    this.#options = options;
    const { clock, afterTurn = setImmediate } = options;
    const go = () => {
      if (this.#underWay === 0) this.#send();
    };
    this.#crowd = new Crowd({ clock, afterTurn, go });
  }

  /** Whether nobody waits, and nobody came together lately: whoever comes is read {@linkcode alone}. */
  get atRest(): boolean {
    return this.idle && !this.#crowded;
  }

  /** Whether nobody waits for it. */
  get idle(): boolean {
    return this.#underWay === 0 && this.#pending.size === 0;
  }

  /**
   * Reads the rows of a key, with whoever else asks for them before they are sent for.
   *
   * @returns `undefined` where the caller has to read by itself
   * @throws {InterruptedError} if its scope ends, and whatever the batch failed with
   */
  read(key: string, bound: Bound, scope: Scope): Promise<Rows | undefined> {
    return new Promise((resolve, reject) => {
      if (scope.ended !== undefined) {
        return reject(new InterruptedError(scope.ended, "not_applied"));
      }
      let member = this.#pending.get(key);
      if (member === undefined) {
        this.#pending.set(key, member = { bound, waiters: [], sent: undefined });
      }
      const waiter: Waiter = {
        member,
        scope,
        resolve,
        reject,
        leave: (end) => {
          const { waiters, sent } = waiter.member;
          waiters.splice(waiters.indexOf(waiter), 1);
          reject(new InterruptedError(end, "not_applied"));
          if (waiters.length === 0 && sent !== undefined) abandon(sent);
        },
      };
      member.waiters.push(waiter);
      scope.onEnd(waiter.leave);
      if (this.#pending.size >= this.#size.most) this.#send();
      else if (this.#underWay === 0) this.#sendSoon();
      else if (this.#isLate()) this.#send();
      else this.#timer ??= this.#options.clock.after(LOOK_MS, () => this.#look());
    });
  }

  /**
   * Nobody else is there: the call is read by itself, and costs no more than that. Those who come
   * meanwhile gather.
   */
  alone<T>(read: () => Promise<T>): Promise<T> {
    const beganAt = this.#begin();
    const reading = read();
    reading.then(() => {
      this.#learn(beganAt);
      this.#landed();
    }, () => this.#landed());
    return reading;
  }

  #begin(): number {
    this.#underWay++;
    return this.#sentAt = this.#options.clock.now();
  }

  #learn(beganAt: number): void {
    this.#usualMs += (this.#options.clock.now() - beganAt - this.#usualMs) / 16;
  }

  #landed(): void {
    this.#underWay--;
    if (this.#pending.size === 0) return;
    if (this.#underWay === 0) this.#sendSoon();
    else this.#send();
  }

  /** Whether the batch under way takes long: the next one does not wait for it. */
  #isLate(): boolean {
    return this.#options.clock.now() >= this.#sentAt + 2 * this.#usualMs;
  }

  #look(): void {
    this.#timer = undefined;
    if (this.#pending.size === 0) return;
    if (this.#isLate()) this.#send();
    if (this.#pending.size > 0) {
      this.#timer = this.#options.clock.after(LOOK_MS, () => this.#look());
    }
  }

  #sendSoon(): void {
    if (this.#crowded) this.#crowd.gather(this.#pending.size);
    else this.#send();
  }

  #send(): void {
    if (this.#underWay >= MAX_UNDER_WAY) return;
    const batch = this.#take();
    if (batch.size === 0) return;
    this.#crowded = batch.size > 1;
    this.#crowd.went(batch.size);
    void this.#run(batch, this.#begin()).finally(() => this.#landed());
  }

  /** What is sent next: the first keys that somebody still waits for. */
  #take(): Map<string, Member> {
    const batch = this.#pending;
    for (const [key, { waiters }] of batch) if (waiters.length === 0) batch.delete(key);
    if (batch.size <= this.#size.most) {
      this.#pending = new Map();
      return batch;
    }
    const first = new Map([...batch].slice(0, this.#size.most));
    for (const key of first.keys()) batch.delete(key);
    return first;
  }

  async #run(members: ReadonlyMap<string, Member>, beganAt: number): Promise<void> {
    const { watch, timeoutMs } = this.#options;
    const scope = watch.open({ timeoutMs, trace: traceOf(members) });
    const sent = { members, scope };
    for (const member of members.values()) member.sent = sent;
    try {
      const read = await this.#options.read(members, scope);
      if (read === "too_large") return this.#halve(members);
      this.#learn(beganAt);
      if (read !== undefined) this.#size.learn(members.size, read.size);
      for (const [key, { waiters }] of members) {
        const rows = read?.of(key);
        for (const waiter of waiters) settle(waiter).resolve(rows);
      }
    } catch (error) {
      for (const { waiters } of members.values()) {
        for (const waiter of waiters) settle(waiter).reject(error);
      }
    } finally {
      scope.close();
    }
  }

  /** They are sent again before whoever came meanwhile, half as many at once. */
  #halve(members: ReadonlyMap<string, Member>): void {
    this.#size.tooLarge(members.size);
    const later = this.#pending;
    this.#pending = new Map(members);
    for (const member of members.values()) member.sent = undefined;
    for (const [key, member] of later) {
      const earlier = members.get(key);
      if (earlier === undefined) this.#pending.set(key, member);
      else {
        for (const waiter of member.waiters) waiter.member = earlier;
        earlier.waiters.push(...member.waiters);
      }
    }
  }
}

/** Where a batch is traced: with all that wait for it. */
function traceOf(members: ReadonlyMap<string, Member>): SharedTrace | undefined {
  let shared: SharedTrace | undefined;
  for (const { waiters } of members.values()) {
    for (const { scope: { trace } } of waiters) {
      if (trace === undefined) continue;
      (shared ??= new SharedTrace({ "realmgate.batch.size": members.size })).add(trace);
    }
  }
  return shared;
}

/** Stops a batch once nobody waits for any of its keys. */
function abandon({ members, scope }: SentBatch): void {
  for (const { waiters } of members.values()) if (waiters.length > 0) return;
  scope.end("client_closed");
}

function settle(waiter: Waiter): Waiter {
  waiter.scope.offEnd(waiter.leave);
  return waiter;
}
