import type { Clock } from "../core/clock.ts";
import type { Scope } from "../core/scope.ts";

/** Waits for so long, or until the scope ends. */
export function pause(
  delayMs: number,
  options: { readonly clock: Clock; readonly scope: Scope },
): Promise<void> {
  const { clock, scope } = options;
  return new Promise((resolve) => {
    const over = () => {
      timer.cancel();
      scope.offEnd(over);
      resolve();
    };
    const timer = clock.after(delayMs, over);
    scope.onEnd(over);
  });
}
