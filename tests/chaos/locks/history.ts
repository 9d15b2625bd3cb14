import type { ContenderEvent } from "./events.ts";

/** A time in which a client relies on a grant. */
export interface Claim {
  readonly from: number;
  readonly to: number;
}

/** A grant, from its answer on. */
export interface HistoricGrant {
  readonly token: string;
  readonly fence: string;
  readonly at: number;
  readonly claims: Claim[];
  /** When the client stopped relying on it. */
  endedAt: number | undefined;
}

/** One request for a lock. */
export interface Ask {
  readonly id: string;
  readonly lock: string;
  readonly client: string;
  /** Its service; -1 where there is none. */
  readonly service: number;
  readonly again: boolean;
  readonly sentAt: number;
  grant: HistoricGrant | undefined;
  noGrant: { readonly why: "held" | "left" | "failed"; readonly at: number } | undefined;
}

/** One write under a grant. */
export interface HistoricWrite {
  readonly id: string;
  readonly ask: string;
  readonly sentAt: number;
  answer:
    | { readonly status: number; readonly code: string; readonly at: number }
    | undefined;
}

/** A request that was granted. */
export type Granted = Ask & { readonly grant: HistoricGrant };

/** What all clients saw in one phase, on the clock that they share. */
export class History {
  readonly asks = new Map<string, Ask>();
  readonly writes = new Map<string, HistoricWrite>();
  /** What went wrong, by what clients were told, and how often. */
  readonly failures = new Map<string, number>();
  readonly #grantTimes = new Map<string, number[]>();

  /** Takes in what a client told. */
  add(event: ContenderEvent): void {
    switch (event.kind) {
      case "ready":
      case "holding":
        return;
      case "ask": {
        const { ask: id, lock, client, service, again, at: sentAt } = event;
        const open = { grant: undefined, noGrant: undefined };
        this.asks.set(id, { id, lock, client, service, again, sentAt, ...open });
        return;
      }
      case "write": {
        const { write: id, ask, at: sentAt } = event;
        this.writes.set(id, { id, ask, sentAt, answer: undefined });
        return;
      }
      case "wrote": {
        const { status, code, at } = event;
        const write = this.writes.get(event.write);
        if (write !== undefined) write.answer = { status, code, at };
        if (status !== 200) this.#count(`write: ${code}`);
        return;
      }
      default:
        this.#addToAsk(event);
    }
  }

  /** Of each lock its grants, in the order in which their answers arrived. */
  grantsByLock(): Map<string, Granted[]> {
    const grants = new Map<string, Granted[]>();
    for (const [lock, asks] of this.asksByLock()) {
      const granted = asks.filter((ask): ask is Granted => ask.grant !== undefined);
      grants.set(lock, granted.sort((a, b) => a.grant.at - b.grant.at));
    }
    return grants;
  }

  /** Of each lock all that was asked for it, in the order in which it was told. */
  asksByLock(): Map<string, Ask[]> {
    const found = new Map<string, Ask[]>();
    for (const ask of this.asks.values()) {
      const list = found.get(ask.lock);
      if (list === undefined) found.set(ask.lock, [ask]);
      else list.push(ask);
    }
    return found;
  }

  /** How many grants there were. */
  get grants(): number {
    let grants = 0;
    for (const { grant } of this.asks.values()) if (grant !== undefined) grants++;
    return grants;
  }

  /** When a client first heard of a grant of a lock from an instant on; `undefined` if not yet. */
  firstGrantSince(lock: string, since: number): number | undefined {
    return this.#grantTimes.get(lock)?.filter((at) => at >= since).sort((a, b) => a - b)[0];
  }

  /** All of it, for whoever looks for a fault's cause. */
  toJson(): string {
    return JSON.stringify({ asks: [...this.asks.values()], writes: [...this.writes.values()] });
  }

  #addToAsk(
    event: Exclude<ContenderEvent, { kind: "ready" | "holding" | "ask" | "write" | "wrote" }>,
  ) {
    const ask = this.asks.get(event.ask);
    if (ask === undefined) throw new TypeError(`Cannot place an event: unknown ask ${event.ask}`);
    switch (event.kind) {
      case "grant": {
        const { token, fence, at, until } = event;
        const claims = [{ from: at, to: until }];
        ask.grant = { token, fence, at, claims, endedAt: undefined };
        const times = this.#grantTimes.get(ask.lock);
        if (times === undefined) this.#grantTimes.set(ask.lock, [at]);
        else times.push(at);
        return;
      }
      case "renewed":
        ask.grant?.claims.push({ from: event.at, to: event.until });
        return;
      case "ended":
        if (ask.grant !== undefined) ask.grant.endedAt = event.at;
        return;
      case "no_grant":
        ask.noGrant = { why: event.why, at: event.at };
        if (event.why === "failed") this.#count(`acquire: ${event.detail}`);
    }
  }

  #count(failure: string): void {
    this.failures.set(failure, (this.failures.get(failure) ?? 0) + 1);
  }
}
