import type { ScopeEnd } from "../core/scope.ts";

/** A command that was stopped because its scope ended. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
  /** Why the scope ended. */
  readonly end: ScopeEnd;
  /** `not_applied` if the server said that it stopped it, or if it only read. */
  readonly outcome: "not_applied" | "unknown";

  constructor(end: ScopeEnd, outcome: "not_applied" | "unknown") {
    super(`The command was stopped: ${end}, ${outcome}`);
    this.end = end;
    this.outcome = outcome;
  }
}
