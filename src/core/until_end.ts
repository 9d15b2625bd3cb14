import type { Scope, ScopeEnd } from "./scope.ts";

/** A wait that its scope ended. */
export class EndedError extends Error {
  override readonly name = "EndedError";
  readonly end: ScopeEnd;

  constructor(end: ScopeEnd) {
    super(`Cannot wait longer: ${end}`);
    this.end = end;
  }
}

/**
 * Waits for `promise` as long as the scope lasts. What the promise does later is nobody's business
 * then: whoever began it must clean up.
 *
 * @throws {EndedError} and whatever the promise rejects with
 */
export function untilEnd<T>(scope: Scope, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (end: ScopeEnd) => reject(new EndedError(end));
    scope.onEnd(ended);
    promise.then((value) => {
      scope.offEnd(ended);
      resolve(value);
    }, (error) => {
      scope.offEnd(ended);
      reject(error);
    });
  });
}
