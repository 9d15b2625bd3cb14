import { setImmediate } from "node:timers";
import type { Scope, ScopeEnd } from "../core/scope.ts";
import { InterruptedError } from "../pool/interrupted_error.ts";
import { type CommitTimes, CommitWindow } from "./commit_window.ts";

/** What one write of a group came to: its own result or error, or that it has to be done alone. */
export type Outcome<Result> =
  | { readonly is: "done"; readonly result: Result }
  | { readonly is: "failed"; readonly error: Error }
  | { readonly is: "alone" };

/** What a {@linkcode WriteLane} is made of. */
export interface WriteLaneOptions<Write extends { readonly scope: Scope }, Result> {
  /** Does writes with one commit; what it fails with is every one's failure. */
  readonly together: (
    writes: readonly Write[],
    measured: (times: CommitTimes) => void,
  ) => Promise<readonly Outcome<Result>[]>;
  /** Runs a task once the event loop has delivered all that has come. @default {setImmediate} */
  readonly afterTurn?: (task: () => void) => void;
}

interface Member<Write, Result> {
  readonly write: Write;
  readonly settle: (outcome: Outcome<Result> | undefined) => void;
  readonly leave: (end: ScopeEnd) => void;
  sent: boolean;
}

/** Writes that share a commit at most. */
const MAX_TOGETHER = 64;
/** Writes that may wait; more go alone, and the pool says how many of these may wait. */
const MAX_WAITING = 1_024;

/**
 * The writes of one isolate to one node. While commits are under way those that come gather, and the
 * next commit is for all of them: what a commit costs a server and its replicas, it costs once. A
 * node at rest is written to at once.
 */
export class WriteLane<Write extends { readonly scope: Scope }, Result> {
  readonly #together: WriteLaneOptions<Write, Result>["together"];
  readonly #afterTurn: (task: () => void) => void;
  readonly #window = new CommitWindow();
  #waiting: Member<Write, Result>[] = [];
  #underWay = 0;
  #gathering = false;
  /** Whether writes come together: the last commit was of more than one. */
  #crowded = false;

  constructor(options: WriteLaneOptions<Write, Result>) {
    this.#together = options.together;
    this.#afterTurn = options.afterTurn ?? setImmediate;
  }

  /**
   * Does a write, with those that come meanwhile if the node is busy.
   *
   * @param alone does it by itself
   * @throws {InterruptedError} if its scope ends first, `not_applied` while it is not sent, and
   * whatever it failed with
   */
  async do(write: Write, alone: () => Promise<Result>): Promise<Result> {
    const busy = this.#underWay >= this.#window.width || this.#waiting.length > 0 || this.#crowded;
    const outcome = busy && this.#waiting.length < MAX_WAITING
      ? await this.#wait(write)
      : this.#goAlone();
    if (outcome === undefined) {
      try {
        return await alone();
      } finally {
        this.#landed();
      }
    }
    switch (outcome.is) {
      case "done":
        return outcome.result;
      case "failed":
        throw outcome.error;
      case "alone":
        return await alone();
    }
  }

  #goAlone(): undefined {
    this.#underWay++;
  }

  /** @returns `undefined` for one that goes alone, as one of the lane's */
  #wait(write: Write): Promise<Outcome<Result> | undefined> {
    const { scope } = write;
    return new Promise((resolve, reject) => {
      const member: Member<Write, Result> = {
        write,
        sent: false,
        settle: (outcome) => {
          scope.offEnd(member.leave);
          resolve(outcome);
        },
        leave: (end) => {
          if (!member.sent) this.#waiting.splice(this.#waiting.indexOf(member), 1);
          reject(new InterruptedError(end, member.sent ? "unknown" : "not_applied"));
        },
      };
      this.#waiting.push(member);
      scope.onEnd(member.leave);
      this.#sendSoon();
    });
  }

  /** Whether somebody waits who may be sent. */
  get #ready(): boolean {
    return this.#waiting.length > 0 && this.#underWay < this.#window.width;
  }

  #landed(): void {
    this.#underWay--;
    this.#sendSoon();
  }

  /** Those whose requests have arrived with the ones that wait are read first. */
  #sendSoon(): void {
    if (this.#gathering || !this.#ready) return;
    this.#gathering = true;
    this.#afterTurn(() => {
      this.#gathering = false;
      if (this.#ready) this.#send(this.#waiting.splice(0, MAX_TOGETHER));
    });
  }

  #send(members: readonly Member<Write, Result>[]): void {
    this.#underWay++;
    this.#crowded = members.length > 1;
    for (const member of members) member.sent = true;
    if (this.#crowded || this.#window.due) void this.#commit(members);
    else members[0]?.settle(undefined);
  }

  async #commit(members: readonly Member<Write, Result>[]): Promise<void> {
    try {
      const outcomes = await this.#together(
        members.map(({ write }) => write),
        (times) => this.#window.measured(times),
      );
      members.forEach(({ settle }, at) => settle(outcomes[at]));
    } catch (error) {
      for (const { settle } of members) settle({ is: "failed", error: error as Error });
    }
    this.#landed();
  }
}
