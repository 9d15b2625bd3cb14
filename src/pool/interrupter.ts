import { type Clock, pause } from "../core/clock.ts";
import type { ScopeEnd } from "../core/scope.ts";
import { type DetachedCommand, type MysqlSession, SqlError } from "../drivers/mysql.ts";
import type { PoolCounters } from "./connection_pool_stats.ts";
import { InterruptedError } from "./interrupted_error.ts";
import type { Killer } from "./killer.ts";

/** A command whose scope ended. */
export interface Interruption {
  readonly session: MysqlSession;
  readonly command: DetachedCommand;
  /** Why its scope ended. */
  readonly end: ScopeEnd;
  /** Whether its caller wants to know its true end. */
  readonly settle: boolean;
  readonly sql: string;
}

/** What an interrupter works with. */
export interface InterrupterOptions {
  /** Absent behind a proxy: a command is stopped by closing its connection. */
  readonly killer: Killer | undefined;
  readonly clock: Clock;
  /** How long all of it may take before the connection is closed. */
  readonly timeoutMs: number;
  readonly counters: PoolCounters;
}

/** The server stopped the statement, or the sort in it, as it was told to. */
const STOPPED = [1317, 1028];
/** How long one KILL is given before the next; twice as long each time. */
const FIRST_PAUSE_MS = 5;
const COMMIT = /^\s*commit\b/i;

/** Stops commands and makes their sessions fit for the next borrower. */
export class Interrupter {
  readonly #options: InterrupterOptions;

  constructor(options: InterrupterOptions) {
    this.#options = options;
  }

  /**
   * Stops a command and settles its promise. KILL's effect can come after the command's own end,
   * so the command's end and KILL's reply are both awaited; only then is the session reset. Where
   * that fails or takes too long the session is given up, on the server too.
   *
   * @returns whether the session may be used again
   */
  async stop(interruption: Interruption): Promise<boolean> {
    const { session, command, sql } = interruption;
    const { killer, counters } = this.#options;
    counters.interrupted++;
    settle(interruption);
    if (killer === undefined) {
      session.destroy();
      return false;
    }
    const commits = COMMIT.test(sql);
    const fit = await this.#within(session, async () => {
      if (commits) await ended(command);
      else await this.#killUntilEnded(session, { command, killer });
      await session.reset();
    });
    // A server that is told nothing would work on for a client that has left.
    if (!fit && !commits) killer.kill(session.threadId, "CONNECTION").catch(() => {});
    return fit;
  }

  /** Resets a session. @returns whether it may be used again */
  reset(session: MysqlSession): Promise<boolean> {
    return this.#within(session, () => session.reset());
  }

  /** A KILL that comes before the statement has begun is lost: so it is sent until it ends. */
  async #killUntilEnded(
    session: MysqlSession,
    { command, killer }: { readonly command: DetachedCommand; readonly killer: Killer },
  ): Promise<void> {
    const { clock, counters } = this.#options;
    let over = false;
    const end = ended(command).then(() => over = true);
    try {
      await killer.kill(session.threadId);
      counters.killed++;
      for (let pauseMs = FIRST_PAUSE_MS;; pauseMs *= 2) {
        await Promise.race([end, pause(clock, pauseMs)]);
        if (over) return;
        await killer.kill(session.threadId);
      }
    } finally {
      // Where no KILL gets through the server may still have a word on the command.
      await end;
    }
  }

  /** Gives the session up where the work on it fails or takes too long. */
  async #within(session: MysqlSession, work: () => Promise<void>): Promise<boolean> {
    const { clock, timeoutMs } = this.#options;
    const limit = clock.after(timeoutMs, () => session.destroy());
    try {
      await work();
      return !session.closed;
    } catch {
      return false;
    } finally {
      limit.cancel();
    }
  }

  /** Lets go of the server where no command was stopped lately. */
  upkeep(): void {
    this.#options.killer?.upkeep();
  }

  /** Closes what it keeps for itself. */
  close(): void {
    this.#options.killer?.close();
  }
}

/** Settles once the command has ended, however it did. */
function ended(command: DetachedCommand): Promise<void> {
  return command.end.then(() => {}, () => {});
}

/**
 * Tells the borrower. An OK that comes after a KILL is no acknowledgement: a KILL that meets a commit
 * in its wait for a semi-synchronous replica ends the wait, and the server says OK of a row that no
 * replica has.
 */
function settle({ command, end, settle, sql }: Interruption): void {
  if (!settle) return command.reject(new InterruptedError(end, "not_applied"));
  command.end.then(
    (result) =>
      COMMIT.test(sql)
        ? command.resolve(result)
        : command.reject(new InterruptedError(end, "unknown")),
    (error: unknown) => command.reject(verdict(error, end)),
  );
}

/** What a write's caller is told: the server's own word where there is one. */
function verdict(error: unknown, end: ScopeEnd): Error {
  if (!(error instanceof SqlError) || error.kind !== "server") {
    return new InterruptedError(end, "unknown");
  }
  return STOPPED.includes(error.errno) ? new InterruptedError(end, "not_applied") : error;
}
