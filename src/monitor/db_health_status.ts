/** How a database server does, as the fleet last saw it. Absent facts are `null`: this is sent as JSON. */
export interface DBHealthStatus {
  readonly node: string;
  readonly shard: string;
  readonly role: "primary" | "replica" | "unknown";
  readonly up: boolean;
  /** Why it takes no reads, for people. */
  readonly ejected: string | null;
  /** Since when, and by which key, an operator has it take no reads. */
  readonly drained: { readonly by: string; readonly at: number } | null;
  readonly version: string | null;
  /** How long the last look took, in milliseconds. */
  readonly latencyMs: number | null;
  /** Behind the primary's heartbeat row, in milliseconds. */
  readonly lagMs: number | null;
  /** Whether its writes wait for a replica; `null` unless it is a primary. */
  readonly semiSync: boolean | null;
  /** When it was looked at last, in Unix milliseconds. */
  readonly observedAt: number | null;
  readonly connections: { readonly used: number; readonly max: number } | null;
  /** What only the slower look knows. */
  readonly server: ServerFacts | null;
  /** The oldest first; at most {@linkcode HISTORY_POINTS}. */
  readonly history: readonly HealthPoint[];
}

/** What a server says of itself when it is asked in depth, every ten seconds. */
export interface ServerFacts {
  /** When it was asked, in Unix milliseconds. */
  readonly at: number;
  readonly threadsRunning: number | null;
  /** Reads of pages that were in the buffer pool already, 0 to 1, since the look before. */
  readonly bufferPoolHitRate: number | null;
  /** `null` where it replicates from nobody. */
  readonly replication: ReplicationFacts | null;
}

/** How a replica's two threads do, by the server's own word. */
export interface ReplicationFacts {
  /** Whether it is connected to its primary. */
  readonly receiving: boolean;
  /** Whether it applies what it has received. */
  readonly applying: boolean;
  /** `Seconds_Behind_Master`, which is unknown while a thread stands. */
  readonly lagSeconds: number | null;
  /** The number of the error that stopped a thread. */
  readonly errorNumber: number | null;
}

/** Points of history that are kept of each node: an hour of minutes. */
export const HISTORY_POINTS = 60;

/** A node at one instant of the past. */
export interface HealthPoint {
  /** Unix milliseconds. */
  readonly at: number;
  readonly up: boolean;
  readonly role: DBHealthStatus["role"];
  readonly latencyMs: number | null;
  readonly lagMs: number | null;
  readonly connections: number | null;
  readonly threadsRunning: number | null;
}
