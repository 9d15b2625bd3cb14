import type { EventWriter } from "./event_writer.ts";
import type { ContenderEvent, ContenderSetup, ContestedLock } from "./events.ts";
import type { HeldBack } from "./held_back.ts";
import type { ClientGrant, LockClient } from "./lock_client.ts";
import type { MachineClock } from "./machine_clock.ts";

/** The share of asks that carry an idempotency key, that lose patience, and of grants renewed. */
const [KEYED, IMPATIENT, RENEWED] = [0.3, 0.05, 0.2];
const AFTER_FAILURE_MS = 100;
/** How long a service that failed is left alone. */
const AWAY_MS = 1_000;

/** What a worker works with; the workers of a process share it. */
export interface WorkerParts {
  readonly setup: ContenderSetup;
  readonly locks: LockClient;
  readonly writer: EventWriter;
  readonly heldBack: HeldBack;
  readonly clock: MachineClock;
  readonly tell: (event: ContenderEvent) => void;
  readonly stop: AbortSignal;
}

/** One client: it asks for locks one after the other, and works under each for a while. */
export class Worker {
  readonly #parts: WorkerParts;
  readonly #name: string;
  readonly #home: number;
  /** Until when it leaves its own service alone, which failed it. */
  #awayUntil = 0;
  #asks = 0;

  constructor(parts: WorkerParts, number: number) {
    this.#parts = parts;
    this.#name = `${parts.setup.client}.${number}`;
    this.#home = number;
  }

  /** Its own service, or the next one; it comes back, so that a fault meets clients each time. */
  get #service(): number {
    return this.#parts.clock() < this.#awayUntil ? this.#home + 1 : this.#home;
  }

  /** Goes on until it is stopped. */
  async run(): Promise<void> {
    const { setup: { locks }, stop } = this.#parts;
    while (!stop.aborted) {
      const lock = locks[Math.floor(Math.random() * locks.length)];
      if (lock === undefined) return;
      const key = Math.random() < KEYED ? crypto.randomUUID() : undefined;
      if (await this.#turn(lock, { key, again: false })) {
        await this.#turn(lock, { key, again: true });
      }
      await sleep(Math.random() * 20);
    }
  }

  /** @returns whether to ask again under the same key */
  async #turn(
    lock: ContestedLock,
    { key, again }: { readonly key: string | undefined; readonly again: boolean },
  ): Promise<boolean> {
    const { setup: { client, system, services }, locks, clock, tell, stop } = this.#parts;
    const ask = `${this.#name}.${this.#asks++}`;
    const service = this.#service;
    const signal = Math.random() < IMPATIENT
      ? AbortSignal.any([stop, AbortSignal.timeout(200 + Math.random() * 800)])
      : stop;
    const sentAt = clock();
    tell({
      kind: "ask",
      ask,
      lock: lock.name,
      client,
      service: system === "control" ? -1 : service % services.length,
      again,
      at: sentAt,
    });
    const result = await locks.acquire(lock.name, { service, key, signal, sentAt });
    if ("why" in result) {
      const { why, detail, sameKey } = result;
      tell({ kind: "no_grant", ask, why, detail, at: clock() });
      if (why === "failed") {
        this.#leave();
        await sleep(AFTER_FAILURE_MS);
      }
      return sameKey && !stop.aborted;
    }
    tell({ kind: "grant", ask, ...result, at: clock() });
    await this.#hold(lock, { ask, grant: result });
    return false;
  }

  async #hold(
    lock: ContestedLock,
    { ask, grant }: { readonly ask: string; readonly grant: ClientGrant },
  ): Promise<void> {
    const { setup, locks, writer, heldBack, clock, tell } = this.#parts;
    const { token } = grant;
    let { until } = grant;
    const write = () => writer.write(lock, { ask, grant, service: this.#service });
    if (clock() < until) await write();
    if (clock() < until && heldBack.take()) {
      tell({ kind: "holding", ask, at: clock() });
      await heldBack.wait();
      await write();
    }
    if (Math.random() < RENEWED) {
      const renewed = await locks.renew(lock.name, {
        token,
        service: this.#service,
        sentAt: clock(),
      });
      if (renewed !== undefined) until = renewed;
      if (renewed !== undefined && renewed > 0) {
        tell({ kind: "renewed", ask, until, at: clock() });
      }
    }
    await sleep(Math.random() * setup.holdMs);
    if (clock() < until) await write();
    tell({ kind: "ended", ask, at: clock() });
    if (!await locks.release(lock.name, { token, service: this.#service })) this.#leave();
  }

  #leave(): void {
    this.#awayUntil = this.#parts.clock() + AWAY_MS;
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
