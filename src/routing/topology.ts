/** One database server of a shard, as configured. */
export interface NodeSpec {
  /** Unique in the fleet. */
  readonly name: string;
  readonly shard: string;
  readonly host: string;
  readonly port: number;
  /** Share of the shard's replica reads; 0 takes none. @default {1} */
  readonly weight: number;
}

/** One shard, as configured. */
export interface ShardSpec {
  readonly name: string;
  /** `auto`: the writable node is the primary. `fixed`: the first node is, whatever it says. */
  readonly role: "auto" | "fixed";
  readonly nodes: readonly NodeSpec[];
}

/** Who took a node out of routing, and when. */
export interface Drain {
  /** The name of an API key. */
  readonly by: string;
  /** Unix milliseconds. */
  readonly at: number;
}

/** The nodes that are drained, by name. */
export type Drains = ReadonlyMap<string, Drain>;

/** What the last look at a node found. */
export interface NodeState {
  readonly name: string;
  readonly role: "primary" | "replica" | "unknown";
  readonly up: boolean;
  /** `@@read_only = 0`; `undefined` while unknown. */
  readonly writable: boolean | undefined;
  /** Behind the primary's heartbeat, in milliseconds; `undefined` while unknown. */
  readonly lagMs: number | undefined;
  /**
   * The GTIDs, as the server writes them, that a replica has applied, or that the primary has
   * committed: a node that has those shows all that was committed before that look at the primary
   * began. `undefined` while unknown, and elsewhere.
   */
  readonly position: string | undefined;
  /** Whether its writes are replicated semi-synchronously; `undefined` unless it is the primary. */
  readonly semiSync: boolean | undefined;
  readonly version: string | undefined;
  /** How long the probe took, in milliseconds. */
  readonly probeMs: number | undefined;
  /**
   * When the last look began, in Unix milliseconds by this process's own wall clock, also where
   * another process looked; `undefined` before the first.
   *
   * A look of this process is dated when it begins, less a part of a millisecond. Another's is dated
   * through Redis's clock, and not later than it was: earlier by the round trips in which the two
   * processes learnt of that clock, some milliseconds, and by 0.2 ms for each second since either
   * did. Later only where that clock was set: for 10 s at most, and by less than the look is old.
   *
   * This is for people. Whether a look began after an instant, `TopologyView.lookBegan` tells, by a
   * clock that nobody sets.
   */
  readonly observedAt: number | undefined;
  /** The server's limit of connections, and how many it has; `undefined` while unknown. */
  readonly connections: { readonly max: number; readonly used: number } | undefined;
  /**
   * Who took it out of routing, or `undefined`. A drained node takes no reads as a replica; should it
   * become the primary, it takes writes, and the reads that go to a primary.
   */
  readonly drained: Drain | undefined;
  /** Why it takes no reads, or `undefined` where it may. */
  readonly ejected: string | undefined;
}

/** What is known of a shard. */
export interface ShardState {
  readonly name: string;
  /** Grows with every change of primary (microseconds of the clock that granted it); decimal digits. */
  readonly epoch: string;
  /** The node that takes writes, or `null` while there is none. */
  readonly primary: string | null;
  readonly status: "ok" | "no_primary" | "split_brain" | "unknown";
  /** Why it has no primary, for people; `undefined` where it has one. */
  readonly why: string | undefined;
  readonly nodes: readonly NodeState[];
}

/** What is known of the fleet at one instant: a value, sent from the prober to every isolate. */
export interface TopologySnapshot {
  /** Unix milliseconds. */
  readonly at: number;
  readonly shards: readonly ShardState[];
}
