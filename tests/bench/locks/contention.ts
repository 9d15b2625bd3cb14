/** How one lock went from hand to hand. */
export interface Contention {
  readonly handovers: number;
  /** With those after the time was over, when everybody who waits has one last turn. */
  readonly allHandovers: number;
  readonly seconds: number;
  /** From the end of a holder's work to the next grant's arrival, in milliseconds. */
  readonly idleMs: readonly number[];
  /** Grants to somebody who had come over 20 ms after somebody who still waited. */
  readonly overtakes: number;
  /** The longest that anybody waited, in milliseconds. */
  readonly longestWaitMs: number;
}

/** One way to have a lock: resolves with what gives it up. */
export type Take = (client: number) => Promise<() => Promise<void>>;

const WORK_MS = 5;
/** What a message may take; less says nothing about who came first. */
const SURELY_MS = 20;

/**
 * Has many clients take one lock in a circle, each for 5 ms of work. The first turn of
 * each, which opens its connection, says nothing about who came first.
 */
export async function contend(
  take: Take,
  options: { readonly clients: number; readonly seconds: number },
): Promise<Contention> {
  const { clients, seconds } = options;
  const waitingSince = new Map<number, number>();
  const idleMs: number[] = [];
  let [handovers, allHandovers, overtakes, longestWaitMs, freeSince] = [0, 0, 0, 0, NaN];
  const began = performance.now();
  const endsAt = began + seconds * 1_000;
  await Promise.all(Array.from({ length: clients }, async (_, client) => {
    for (let turn = 0; performance.now() < endsAt; turn++) {
      const since = performance.now();
      if (turn > 0) waitingSince.set(client, since);
      const giveUp = await take(client);
      const now = performance.now();
      allHandovers++;
      waitingSince.delete(client);
      if (now < endsAt) {
        handovers++;
        if (!Number.isNaN(freeSince)) idleMs.push(now - freeSince);
        longestWaitMs = Math.max(longestWaitMs, now - since);
        const came = [...waitingSince.values()];
        if (turn > 0 && came.some((other) => other < since - SURELY_MS)) overtakes++;
      }
      await new Promise((resolve) => setTimeout(resolve, WORK_MS));
      freeSince = performance.now();
      await giveUp();
    }
  }));
  return { handovers, allHandovers, seconds, idleMs, overtakes, longestWaitMs };
}

/** Takes a lock of Realmgate's over HTTP. */
export function overHttp(url: string, headers: Readonly<Record<string, string>>): Take {
  const lock = `${url}/v1/locks/bench:contended`;
  return async () => {
    const response = await fetch(lock, {
      method: "POST",
      headers: { ...headers, "Content-Type": "application/json" },
      body: '{"ttlMs":10000,"waitMs":60000}',
    });
    const { token } = await response.json() as { readonly token?: string };
    if (token === undefined) throw new Error(`Cannot take the lock: ${response.status}`);
    return async () => {
      const released = await fetch(lock, {
        method: "DELETE",
        headers: { ...headers, "Realmgate-Lock-Token": token },
      });
      await released.body?.cancel();
    };
  };
}
