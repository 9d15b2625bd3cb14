import { setImmediate } from "node:timers";
import type { Clock, Timer } from "../core/clock.ts";
import type { Scope, ScopeEnd } from "../core/scope.ts";
import { InterruptedError } from "../pool/interrupted_error.ts";
import { Crowd } from "./crowd.ts";
import { type CommitTimes, CommitWindow } from "./commit_window.ts";

/** What one write of a group came to: its own result or error, or that it has to be done alone. */
export type Outcome<Result> =
  | { readonly is: "done"; readonly result: Result }
  | { readonly is: "failed"; readonly error: Error }
  | { readonly is: "alone" };

/** Writes that are to share a commit. */
export interface Gathered<Write> {
  /** All that were there when it was their turn. */
  readonly writes: readonly Write[];
  /**
   * To be called at the last moment before they are sent: those whose callers have left meanwhile are
   * not sent. The outcomes are of those that are left.
   */
  readonly take: () => readonly Write[];
  /** Told how long the commit took, where it is known. */
  readonly measured: (times: CommitTimes) => void;
}

/** What a {@linkcode WriteLane} is made of. */
export interface WriteLaneOptions<Write extends { readonly scope: Scope }, Result> {
  readonly clock: Clock;
  /** Does writes with one commit; what it fails with is every one's failure. */
  readonly together: (group: Gathered<Write>) => Promise<readonly Outcome<Result>[]>;
  /** Runs a task once the event loop has delivered all that has come. @default {setImmediate} */
  readonly afterTurn?: (task: () => void) => void;
}

/** A commit under way, be it of one write. */
interface Flight {
  readonly is: "flight";
  readonly sentAt: number;
  /** Whether it takes so long that others do not wait for it. */
  heldUp: boolean;
}

interface Member<Write, Result> {
  readonly write: Write;
  readonly settle: (outcome: Outcome<Result> | Flight) => void;
  readonly leave: (end: ScopeEnd) => void;
  state: "waiting" | "gathered" | "sent" | "left";
}

/** Writes that share a commit at most. */
const MAX_TOGETHER = 64;
/** Writes that wait in a lane at most; what comes then is done alone, and the pool has the say. */
const MAX_WAITING = 4_096;
/** How often a lane where somebody waits looks for commits that are held up. */
const LOOK_MS = 10;

/**
 * The writes of one isolate to one node. While commits are under way those that come gather, and the
 * next commit is for all of them: what a commit costs a server and its replicas, it costs once. A
 * node at rest is written to at once. Nobody waits for one that is held up, as by a lock: it has its
 * own connection, and the pool bounds how many there are.
 */
export class WriteLane<Write extends { readonly scope: Scope }, Result> {
  readonly #clock: Clock;
  readonly #together: WriteLaneOptions<Write, Result>["together"];
  readonly #window = new CommitWindow();
  #waiting: Member<Write, Result>[] = [];
  /** Those under way, the oldest first, and how many of them are not held up. */
  readonly #flights = new Set<Flight>();
  #underWay = 0;
  #timer: Timer | undefined;
  /** Whether writes come together: the last commit was of more than one. */
  #crowded = false;
  readonly #crowd: Crowd;

  constructor(options: WriteLaneOptions<Write, Result>) {
    this.#clock = options.clock;
    this.#together = options.together;
    const { clock, afterTurn = setImmediate } = options;
    const go = () => {
      if (this.#ready) this.#send(this.#waiting.splice(0, MAX_TOGETHER));
    };
    this.#crowd = new Crowd({ clock, afterTurn, go });
  }

  /**
   * Does a write, with those that come meanwhile if the node is busy.
   *
   * @param alone does it by itself
   * @throws {InterruptedError} if its scope ends first, `not_applied` while it is not sent, and
   * whatever it failed with
   */
  async do(write: Write, alone: () => Promise<Result>): Promise<Result> {
    if (this.#waiting.length >= MAX_WAITING) return await alone();
    const busy = this.#underWay >= this.#window.width || this.#waiting.length > 0 || this.#crowded;
    const outcome = busy ? await this.#wait(write) : this.#begin();
    switch (outcome.is) {
      case "flight":
        try {
          return await alone();
        } finally {
          this.#landed(outcome);
        }
      case "done":
        return outcome.result;
      case "failed":
        throw outcome.error;
      case "alone":
        return await alone();
    }
  }

  #begin(): Flight {
    const flight: Flight = { is: "flight", sentAt: this.#clock.now(), heldUp: false };
    this.#flights.add(flight);
    this.#underWay++;
    return flight;
  }

  /** @returns the flight of one that goes alone */
  #wait(write: Write): Promise<Outcome<Result> | Flight> {
    const { scope } = write;
    return new Promise((resolve, reject) => {
      const member: Member<Write, Result> = {
        write,
        state: "waiting",
        settle: (outcome) => {
          scope.offEnd(member.leave);
          resolve(outcome);
        },
        leave: (end) => {
          const { state } = member;
          if (state === "waiting") this.#waiting.splice(this.#waiting.indexOf(member), 1);
          if (state !== "sent") member.state = "left";
          reject(new InterruptedError(end, state === "sent" ? "unknown" : "not_applied"));
        },
      };
      this.#waiting.push(member);
      scope.onEnd(member.leave);
      this.#timer ??= this.#clock.after(LOOK_MS, () => this.#look());
      this.#sendSoon();
    });
  }

  /** Whether somebody waits who may be sent. */
  get #ready(): boolean {
    return this.#waiting.length > 0 && this.#underWay < this.#window.width;
  }

  #landed(flight: Flight): void {
    this.#flights.delete(flight);
    if (!flight.heldUp) this.#underWay--;
    this.#sendSoon();
  }

  #look(): void {
    this.#timer = undefined;
    if (this.#waiting.length === 0) return;
    const latest = this.#clock.now() - this.#window.heldUpMs;
    for (const flight of this.#flights) {
      if (flight.sentAt > latest) break;
      if (!flight.heldUp) this.#underWay--;
      flight.heldUp = true;
    }
    this.#timer = this.#clock.after(LOOK_MS, () => this.#look());
    this.#sendSoon();
  }

  #sendSoon(): void {
    if (this.#ready) this.#crowd.gather(this.#waiting.length);
  }

  #send(members: readonly Member<Write, Result>[]): void {
    const flight = this.#begin();
    this.#crowded = members.length > 1;
    this.#crowd.went(members.length);
    for (const member of members) member.state = "gathered";
    if (this.#crowded || this.#window.countSingle()) void this.#commit(members, flight);
    else members[0]?.settle(flight);
  }

  async #commit(members: readonly Member<Write, Result>[], flight: Flight): Promise<void> {
    let taken: readonly Member<Write, Result>[] = [];
    const take = () => {
      taken = members.filter(({ state }) => state === "gathered");
      for (const member of taken) member.state = "sent";
      return taken.map(({ write }) => write);
    };
    try {
      const writes = members.map(({ write }) => write);
      const measured = (times: CommitTimes) => this.#window.measured(times);
      const outcomes = await this.#together({ writes, take, measured });
      taken.forEach(({ settle }, at) => settle(outcomes[at] as Outcome<Result>));
    } catch (error) {
      for (const { settle } of members) settle({ is: "failed", error: error as Error });
    }
    this.#landed(flight);
  }
}
