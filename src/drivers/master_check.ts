import type { Redis } from "ioredis";
import { isReply, isWrongServer } from "./redis_replies.ts";
import type { SentinelWatch } from "./sentinel_watch.ts";

/** Tells whether the server of a connection is the master, now and later. */
export class MasterCheck {
  readonly #sentinels: SentinelWatch | undefined;
  #address: string | undefined;

  /** @param sentinels `undefined` where there are none to ask */
  constructor(sentinels: SentinelWatch | undefined) {
    this.#sentinels = sentinels;
  }

  /** A Sentinel named this address, `host:port`; a connection to it will be made. */
  connecting(address: string): void {
    this.#address = address;
  }

  /** Begins to connect to the Sentinels. */
  start(): void {
    this.#sentinels?.start();
  }

  /** Closes the connections to the Sentinels. */
  close(): void {
    this.#sentinels?.close();
  }

  /** Asks the server itself. @throws {Error} if it is a replica, or does not answer */
  async role(redis: Redis): Promise<void> {
    const role = await redis.role().catch((error: unknown) => {
      // Not every account, or proxy, allows it; then writes tell.
      if (isReply(error) && !isWrongServer(error)) return [];
      throw error;
    });
    if (role[0] === "slave") throw new Error("the server is a replica");
  }

  /** Asks the Sentinels. @throws {Error} if they name another server; not where none answers */
  async named(): Promise<void> {
    const master = await this.#sentinels?.master();
    if (master === undefined || master === this.#address) return;
    throw new Error(`the Sentinels name ${master}, not ${this.#address}`);
  }
}
