import type { Stage } from "../fault.ts";

const LIMIT_MS = 15_000;

/** Waits until a later holder of a grant's lock has had a write of its own answered. */
export async function heldByOther({ history, clock }: Stage, ask: string): Promise<void> {
  const held = history.asks.get(ask);
  if (held?.grant === undefined) return;
  const { lock, grant } = held;
  const giveUpAt = clock() + LIMIT_MS;
  const overtaken = () =>
    [...history.writes.values()].some((write) => {
      const holder = history.asks.get(write.ask);
      return write.answer?.status === 200 && holder?.lock === lock && holder.id !== ask &&
        holder.grant !== undefined && holder.grant.at > grant.at;
    });
  while (!overtaken() && clock() < giveUpAt) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
