import type { Scope, ScopeEnd } from "./scope.ts";

/**
 * One piece of work whose result several callers wait for. A caller that leaves takes only its own
 * wait with it; the last one to leave stops the work.
 */
export class SharedWork<T> {
  readonly #scope: Scope;
  #waiting = 0;
  #kept = false;
  readonly #result: PromiseWithResolvers<T> = Promise.withResolvers();

  /** @param scope the work's own; it ends when nobody waits any longer, and is closed with the work */
  constructor(scope: Scope) {
    this.#scope = scope;
    // Whoever waits is told; that nobody waits is no failure.
    this.#result.promise.catch(() => {});
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Whether it was stopped: it has no result for anybody. */
  get stopped(): boolean {
    return this.#scope.ended !== undefined;
  }

  /** Begins. `run` must settle once the scope ends. */
  start(run: (scope: Scope) => Promise<T>): void {
    const { resolve, reject } = this.#result;
    run(this.#scope).finally(() => this.#scope.close()).then(resolve, reject);
  }

  /** Keeps it going though nobody waits. */
  keep(): void {
    this.#kept = true;
  }

  /**
   * Waits for it as long as the caller's scope lasts; it need not have begun. The caller's trace gets
   * a link to the one that it is part of.
   *
   * @param ended the error of a caller whose scope ended
   * @throws whatever the work failed with, and `ended`'s error
   */
  wait(scope: Scope, ended: (end: ScopeEnd) => Error): Promise<T> {
    this.#waiting++;
    const { trace } = this.#scope;
    if (trace !== undefined) scope.trace?.link(trace);
    return new Promise((resolve, reject) => {
      const leave = (end: ScopeEnd) => {
        reject(ended(end));
        if (--this.#waiting === 0 && !this.#kept) this.#scope.end("client_closed");
      };
      const settle = () => {
        scope.offEnd(leave);
        this.#waiting--;
      };
      if (scope.ended !== undefined) return leave(scope.ended);
      scope.onEnd(leave);
      this.#result.promise.then((result) => {
        settle();
        resolve(result);
      }, (error: unknown) => {
        settle();
        reject(error);
      });
    });
  }
}
