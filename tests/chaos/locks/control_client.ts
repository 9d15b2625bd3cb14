import { Redis } from "ioredis";
import type { ContenderSetup } from "./events.ts";
import type { ClientGrant, LockClient, NoGrant } from "./lock_client.ts";
import type { MachineClock } from "./machine_clock.ts";

const POLL_MS = 50;

const COMPARE_AND_DELETE = `if redis.call("GET", KEYS[1]) == ARGV[1] then
  return redis.call("DEL", KEYS[1])
end
return 0`;

const COMPARE_AND_EXPIRE = `if redis.call("GET", KEYS[1]) == ARGV[1] then
  return redis.call("PEXPIRE", KEYS[1], ARGV[2])
end
return 0`;

/**
 * The lock that many write by hand, and the control of the experiment: `SET NX PX`, asked for again
 * and again, deleted by whoever has the token. It has no queue and no fence, and believes a grant
 * from the moment that it hears of it. The driver's settings are the driver's own.
 */
export class ControlClient implements LockClient {
  readonly #setup: ContenderSetup;
  readonly #redis: Redis;
  readonly #clock: MachineClock;

  constructor(setup: ContenderSetup, clock: MachineClock) {
    const { redis } = setup;
    this.#setup = setup;
    this.#clock = clock;
    this.#redis = "url" in redis ? new Redis(redis.url) : new Redis({
      sentinels: [...redis.sentinels],
      name: redis.master,
      username: redis.username,
      password: redis.password,
    });
    this.#redis.on("error", () => {});
  }

  async acquire(
    lock: string,
    { signal, sentAt }: { readonly signal: AbortSignal; readonly sentAt: number },
  ): Promise<ClientGrant | NoGrant> {
    const { ttlMs, waitMs } = this.#setup;
    const token = crypto.randomUUID();
    while (!signal.aborted && this.#clock() < sentAt + waitMs) {
      try {
        if (await this.#redis.set(lock, token, "PX", ttlMs, "NX") === "OK") {
          return { token, fence: "", until: this.#clock() + ttlMs };
        }
      } catch (error) {
        return { why: "failed", detail: String(error), sameKey: false };
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return { why: signal.aborted ? "left" : "held", detail: "", sameKey: false };
  }

  async renew(lock: string, { token }: { readonly token: string }): Promise<number | undefined> {
    const { ttlMs } = this.#setup;
    try {
      const kept = await this.#redis.eval(COMPARE_AND_EXPIRE, 1, lock, token, ttlMs);
      return kept === 1 ? this.#clock() + ttlMs : 0;
    } catch {
      return undefined;
    }
  }

  async release(lock: string, { token }: { readonly token: string }): Promise<boolean> {
    try {
      return await this.#redis.eval(COMPARE_AND_DELETE, 1, lock, token) === 1;
    } catch {
      return false;
    }
  }

  close(): void {
    this.#redis.disconnect();
  }
}
