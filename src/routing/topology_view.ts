import type { Clock, Timer } from "../core/clock.ts";
import { RealmgateError } from "../core/errors.ts";
import type { Scope, ScopeEnd } from "../core/scope.ts";
import { LookTimes } from "./look_times.ts";
import type { NodeState, ShardSpec, ShardState, TopologySnapshot } from "./topology.ts";

/** What a {@linkcode TopologyView} is made of. */
export interface TopologyViewOptions {
  readonly shards: readonly ShardSpec[];
  readonly clock: Clock;
  /** Told of each new suspicion, so that the node is probed at once. */
  readonly onSuspect?: (suspicion: Suspicion) => void;
  /** How many callers may wait for one shard's primary. @default {1_024} */
  readonly maxWaiters?: number;
}

/** A request's own evidence against a node. */
export interface Suspicion {
  readonly node: string;
  readonly shard: string;
  readonly why: string;
}

interface Waiter {
  readonly take: (primary: string) => void;
}

interface ShardEntry {
  /** What the prober says. */
  told: ShardState;
  /** The same, less the nodes under suspicion. */
  state: ShardState;
  readonly suspects: Map<string, { readonly why: string; readonly at: number }>;
  readonly waiters: Set<Waiter>;
}

/**
 * An isolate's view of the fleet: the prober's last snapshot, less the nodes that the isolate's
 * own requests found broken since. Reading it costs one map lookup and never waits.
 *
 * @example
 * ```ts
 * import { TopologyView } from "./topology_view.ts";
 * import { systemClock } from "../core/clock.ts";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const node = { name: "s1a", shard: "s1", host: "10.0.0.1", port: 3306, weight: 1 };
 * const shards = [{ name: "s1", role: "auto", nodes: [node] }] as const;
 * const view = new TopologyView({ shards, clock: systemClock });
 * assertThrows(() => view.primaryFor("s1"), Error, "not looked at yet");
 * view.apply({ at: 1, shards: [{ ...view.shard("s1"), primary: "s1a", status: "ok" }] });
 * assertEquals(view.primaryFor("s1"), "s1a");
 * ```
 */
export class TopologyView {
  readonly #clock: Clock;
  readonly #onSuspect: ((suspicion: Suspicion) => void) | undefined;
  readonly #maxWaiters: number;
  readonly #shards = new Map<string, ShardEntry>();
  readonly #shardOf = new Map<string, string>();
  readonly #looks: LookTimes;
  #version = 0;
  #at = 0;

  constructor(options: TopologyViewOptions) {
    this.#clock = options.clock;
    this.#onSuspect = options.onSuspect;
    this.#maxWaiters = options.maxWaiters ?? 1_024;
    this.#looks = new LookTimes(options);
    for (const spec of options.shards) {
      const told = unknownShard(spec);
      this.#shards.set(spec.name, { told, state: told, suspects: new Map(), waiters: new Set() });
      for (const node of spec.nodes) this.#shardOf.set(node.name, spec.name);
    }
  }

  /** Grows whenever something in the view may have changed. */
  get version(): number {
    return this.#version;
  }

  /** The whole view as a value. */
  snapshot(): TopologySnapshot {
    return { at: this.#at, shards: [...this.#shards.values()].map(({ state }) => state) };
  }

  /** What is known of a shard. @throws {TypeError} if there is no such shard */
  shard(name: string): ShardState {
    return this.#entry(name).state;
  }

  /**
   * When the last look at a node began, on this isolate's `Clock.now()`; `-Infinity` before the first.
   * What is compared with this is safe: it errs to the past alone, mostly by some milliseconds, as
   * {@linkcode NodeState.observedAt} and {@linkcode LookTimes} say.
   */
  lookBegan(node: string): number {
    return this.#looks.began(node);
  }

  /** Takes over what the prober says, clears suspicions that it has looked at, wakes waiters. */
  apply(snapshot: TopologySnapshot): void {
    this.#version++;
    this.#at = snapshot.at;
    this.#looks.take(snapshot);
    const now = this.#clock.wallMs();
    for (const told of snapshot.shards) {
      const entry = this.#shards.get(told.name);
      if (entry === undefined) continue;
      entry.told = told;
      for (const node of told.nodes) {
        const suspect = entry.suspects.get(node.name);
        if (suspect === undefined || node.observedAt === undefined) continue;
        // A clock that was set back would keep a suspicion for as long as the step was wide.
        if (node.observedAt >= suspect.at || now < suspect.at) entry.suspects.delete(node.name);
      }
      this.#refresh(entry);
    }
  }

  /**
   * Takes a node out at once, on the evidence of a request, until a look that began later clears
   * it. A suspected primary takes no writes either.
   */
  suspect(node: string, why: string): void {
    const shard = this.#shardOf.get(node);
    if (shard === undefined) return;
    const entry = this.#entry(shard);
    if (entry.suspects.has(node)) return;
    entry.suspects.set(node, { why, at: this.#clock.wallMs() });
    this.#version++;
    this.#refresh(entry);
    this.#onSuspect?.({ node, shard, why });
  }

  /**
   * The node that takes a shard's writes.
   *
   * @throws {RealmgateError} `no_primary`, or `split_brain` if two nodes are writable
   */
  primaryFor(shard: string): string {
    const { state } = this.#entry(shard);
    if (state.primary !== null) return state.primary;
    throw refusal(state);
  }

  /** Why nobody takes a shard's writes; `undefined` where somebody does. */
  refusalOf(shard: string): RealmgateError | undefined {
    const { state } = this.#entry(shard);
    return state.primary === null ? refusal(state) : undefined;
  }

  /**
   * The node that takes a shard's writes, as soon as there is one. The caller must not have sent
   * anything yet. A split brain is not waited for: it takes an operator.
   *
   * @param options.maxWaitMs default 10 s
   * @throws {RealmgateError} `no_primary` also where the deadline came first, `split_brain`,
   * `client_closed_request`, `shutting_down`
   */
  waitForPrimary(
    shard: string,
    options: { readonly scope: Scope; readonly maxWaitMs?: number },
  ): Promise<string> {
    const { scope, maxWaitMs = 10_000 } = options;
    const entry = this.#entry(shard);
    if (entry.state.primary !== null) return Promise.resolve(entry.state.primary);
    if (entry.state.status === "split_brain" || entry.waiters.size >= this.#maxWaiters) {
      return Promise.reject(refusal(entry.state));
    }
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined = undefined;
      const leave = () => {
        entry.waiters.delete(waiter);
        scope.offEnd(ended);
        timer?.cancel();
      };
      const waiter: Waiter = {
        take(primary) {
          leave();
          resolve(primary);
        },
      };
      const ended = (end: ScopeEnd) => {
        leave();
        reject(endError(end, entry.state));
      };
      entry.waiters.add(waiter);
      timer = this.#clock.after(maxWaitMs, () => {
        leave();
        reject(refusal(entry.state));
      });
      scope.onEnd(ended);
    });
  }

  #entry(shard: string): ShardEntry {
    const entry = this.#shards.get(shard);
    if (entry !== undefined) return entry;
    throw new TypeError(`Cannot find the shard: it must be configured, received "${shard}"`);
  }

  #refresh(entry: ShardEntry): void {
    entry.state = entry.suspects.size === 0 ? entry.told : lessSuspects(entry);
    const { primary } = entry.state;
    if (primary === null) return;
    for (const waiter of [...entry.waiters]) waiter.take(primary);
  }
}

function lessSuspects({ told, suspects }: ShardEntry): ShardState {
  const nodes = told.nodes.map((node) => {
    const suspect = suspects.get(node.name);
    return suspect === undefined ? node : { ...node, ejected: `suspected: ${suspect.why}` };
  });
  if (told.primary === null || !suspects.has(told.primary)) return { ...told, nodes };
  const why = `the primary is suspected: ${suspects.get(told.primary)?.why}`;
  return { ...told, nodes, primary: null, status: "no_primary", why };
}

function refusal(state: ShardState): RealmgateError {
  const code = state.status === "split_brain" ? "split_brain" : "no_primary";
  const why = state.why ?? "no node is known to take writes";
  return new RealmgateError(code, `Cannot use the primary of shard ${state.name}: ${why}`, {
    retryAfterMs: code === "split_brain" ? 5_000 : 1_000,
    extra: { shard: state.name },
  });
}

/** A deadline that passes while nobody takes writes says so: it is the shard that was late. */
function endError(end: ScopeEnd, state: ShardState): RealmgateError {
  switch (end) {
    case "deadline_exceeded":
      return refusal(state);
    case "client_closed":
      return new RealmgateError("client_closed_request", "The client closed the connection");
    case "shutting_down":
      return new RealmgateError("shutting_down", `Cannot wait for shard ${state.name} any longer`);
  }
}

/** What is known of a shard that nobody has looked at. */
export function unknownShard(spec: ShardSpec): ShardState {
  const why = "its nodes were not looked at yet";
  const nodes = spec.nodes.map(({ name }): NodeState => ({
    name,
    role: "unknown",
    up: false,
    writable: undefined,
    lagMs: undefined,
    position: undefined,
    semiSync: undefined,
    version: undefined,
    probeMs: undefined,
    observedAt: undefined,
    connections: undefined,
    drained: undefined,
    ejected: why,
  }));
  return { name: spec.name, epoch: "0", primary: null, status: "unknown", why, nodes };
}
