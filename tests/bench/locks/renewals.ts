/** A lock that is held. */
interface HeldLock {
  readonly name: string;
  readonly token: string;
}

const CLIENTS = 8;
const PER_CALL = 500;

/** Acquires `count` locks, one by one, by several clients. */
export async function holdLocks(
  url: string,
  options: { readonly headers: Readonly<Record<string, string>>; readonly count: number },
): Promise<readonly HeldLock[]> {
  const { headers, count } = options;
  const held: HeldLock[] = [];
  let next = 0;
  await Promise.all(Array.from({ length: 4 * CLIENTS }, async () => {
    while (next < count) {
      const response = await fetch(`${url}/v1/locks/bench:held:${next++}`, {
        method: "POST",
        headers: { ...headers, "Content-Type": "application/json" },
        body: '{"ttlMs":60000}',
      });
      const lock = await response.json() as HeldLock;
      if (response.status !== 201) throw new Error(`Cannot hold a lock: ${response.status}`);
      held.push(lock);
    }
  }));
  return held;
}

/**
 * Renews all of them every 10 s, by 8 clients in turn, for a while.
 *
 * @returns how many renewals found their lock held
 */
export async function renewLocks(
  url: string,
  options: {
    readonly headers: Readonly<Record<string, string>>;
    readonly held: readonly HeldLock[];
    readonly seconds: number;
  },
): Promise<number> {
  const { headers, held, seconds } = options;
  const share = Math.ceil(held.length / CLIENTS);
  let renewed = 0;
  const began = performance.now();
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
  await Promise.all(Array.from({ length: CLIENTS }, async (_, client) => {
    const own = held.slice(client * share, (client + 1) * share);
    for (let turn = 0; turn * 10 < seconds; turn++) {
      await pause(began + turn * 10_000 + client * 1_250 - performance.now());
      for (let at = 0; at < own.length; at += PER_CALL) {
        const locks = own.slice(at, at + PER_CALL)
          .map(({ name, token }) => ({ name, token, ttlMs: 60_000 }));
        const response = await fetch(`${url}/v1/locks`, {
          method: "PUT",
          headers: { ...headers, "Content-Type": "application/json" },
          body: JSON.stringify({ locks }),
        });
        const { results } = await response.json() as { results: readonly { held: boolean }[] };
        renewed += results.filter((result) => result.held).length;
      }
    }
  }));
  await pause(began + seconds * 1_000 - performance.now());
  return renewed;
}
