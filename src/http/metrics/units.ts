/** Milliseconds as Prometheus has times. */
export function seconds(ms: number): number {
  return ms / 1_000;
}

/** One for what is the case, zero for everything else that could be. */
export function oneOf(
  states: readonly string[],
  present: string,
): Readonly<Record<string, boolean>> {
  return Object.fromEntries(states.map((state) => [state, state === present]));
}
