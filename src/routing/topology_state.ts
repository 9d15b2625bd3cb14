import type { Primacy } from "./primacy.ts";
import type { Drain, Drains, NodeSpec, NodeState, ShardSpec, ShardState } from "./topology.ts";

/** What one look at a node found. */
export interface Observation {
  readonly node: string;
  /** When the look began and ended, in milliseconds on the prober's clock. */
  readonly beganAt: number;
  readonly endedAt: number;
  /** When it began, in Unix milliseconds. */
  readonly wallMs: number;
  readonly up: boolean;
  /** Why it is not up, or may not be used; a sentence's end for people, without addresses. */
  readonly trouble: string | undefined;
  /** Whether the service must not use the node with its account at all. */
  readonly refused: boolean;
  /** `undefined` while not up. */
  readonly writable: boolean | undefined;
  /** Whether a replication thread applies what it receives; `undefined` where unknown. */
  readonly applying: boolean | undefined;
  /** The heartbeat row: microseconds of the primary's clock that wrote it. */
  readonly heartbeat: number | undefined;
  /** The GTIDs that its replication has applied, as its server writes them. */
  readonly position: string | undefined;
  /** The GTIDs of all that it had committed itself when the look began, at least; likewise. */
  readonly committed: string | undefined;
  readonly semiSync: boolean | undefined;
  readonly version: string | undefined;
  readonly connections: NodeState["connections"];
}

/** The last look at each node, by the node's name. */
export type Observations = ReadonlyMap<string, Observation>;

/**
 * The nodes that are writable now. Two count together only if their looks overlapped in time: at a
 * planned switch the old primary's look is often older than its end, and would make a split brain
 * that never was. The older look is left out then; a new one is under way. Nodes that were writable
 * at once count until a look says otherwise: a new look at one of them proves nothing of the other.
 *
 * @param before the nodes that were writable when this was asked last
 */
export function writableNodes(
  spec: ShardSpec,
  observations: Observations,
  before: readonly string[] = [],
): string[] {
  if (spec.role === "fixed") {
    const [first] = spec.nodes;
    return first !== undefined && observations.get(first.name)?.up === true ? [first.name] : [];
  }
  const writable = spec.nodes.flatMap(({ name }) => {
    const seen = observations.get(name);
    return seen?.writable === true ? [seen] : [];
  });
  const latest = Math.max(...writable.map(({ beganAt }) => beganAt));
  const atOnce = new Set(before.length > 1 ? before : []);
  return writable.filter(({ node, endedAt }) => endedAt >= latest || atOnce.has(node))
    .map(({ node }) => node);
}

/** Whether every node was looked at; before that nobody can say that only one is writable. */
export function isObserved(spec: ShardSpec, observations: Observations): boolean {
  return spec.nodes.every(({ name }) => observations.has(name));
}

/**
 * What is known of a shard, from the looks at its nodes, what the fleet agreed on, and what operators
 * took out of it.
 */
export function shardState(
  spec: ShardSpec,
  known: {
    readonly observations: Observations;
    readonly writable: readonly string[];
    readonly primacy: Primacy;
    readonly drains: Drains;
    readonly maxLagMs: number;
  },
): ShardState {
  const { primacy } = known;
  const verdict = judge(spec, known);
  const primary = verdict.status === "ok" ? primacy.primary : null;
  const newest = newestHeartbeat(known.observations, primacy.primary);
  return {
    name: spec.name,
    epoch: String(primacy.epoch),
    primary,
    ...verdict,
    nodes: spec.nodes.map((node) => nodeState(node, { ...known, spec, primary, newest })),
  };
}

function judge(
  spec: ShardSpec,
  known: {
    readonly observations: Observations;
    readonly writable: readonly string[];
    readonly primacy: Primacy;
  },
): Pick<ShardState, "status" | "why"> {
  const { observations, writable, primacy } = known;
  if (!isObserved(spec, observations)) {
    return { status: "unknown", why: "not all of its nodes were looked at yet" };
  }
  const [only, second] = writable;
  if (second !== undefined) {
    return { status: "split_brain", why: `${writable.join(" and ")} are writable at once` };
  }
  if (only === undefined) return { status: "no_primary", why: "no node of it is writable" };
  if (only === primacy.primary) return { status: "ok", why: undefined };
  const why = `${only} is writable, but ${primacy.primary} is the primary until nobody has seen ` +
    `it writable for a while`;
  return { status: "no_primary", why };
}

/**
 * What replicas are measured against: the primary's own row, also while it is down, else the newest
 * row that any node has.
 */
function newestHeartbeat(observations: Observations, primary: string | null): number | undefined {
  const own = primary === null ? undefined : observations.get(primary)?.heartbeat;
  if (own !== undefined) return own;
  const rows = [...observations.values()].flatMap(({ heartbeat }) => heartbeat ?? []);
  return rows.length === 0 ? undefined : Math.max(...rows);
}

function nodeState(
  node: NodeSpec,
  known: {
    readonly spec: ShardSpec;
    readonly observations: Observations;
    readonly primary: string | null;
    readonly newest: number | undefined;
    readonly drains: Drains;
    readonly maxLagMs: number;
  },
): NodeState {
  const { observations, primary, newest } = known;
  const drained = known.drains.get(node.name);
  const seen = observations.get(node.name);
  const isPrimary = node.name === primary;
  const replica = !isPrimary && seen?.up === true &&
    (known.spec.role === "fixed" || seen.writable === false);
  const heartbeat = replica ? seen.heartbeat : undefined;
  const lagMs = heartbeat === undefined || newest === undefined
    ? undefined
    : Math.max(0, newest - heartbeat) / 1_000;
  return {
    name: node.name,
    role: isPrimary ? "primary" : replica ? "replica" : "unknown",
    up: seen?.up ?? false,
    writable: seen?.writable,
    lagMs: isPrimary ? 0 : lagMs,
    position: isPrimary ? seen?.committed : replica ? seen.position : undefined,
    semiSync: isPrimary ? seen?.semiSync : undefined,
    version: seen?.version,
    probeMs: seen === undefined ? undefined : seen.endedAt - seen.beganAt,
    observedAt: seen?.wallMs,
    connections: seen?.connections,
    drained,
    ejected: isPrimary ? undefined : reasonAgainst(seen, { ...known, drained, lagMs }),
  };
}

function reasonAgainst(
  seen: Observation | undefined,
  known: {
    readonly spec: ShardSpec;
    readonly drained: Drain | undefined;
    readonly lagMs: number | undefined;
    readonly maxLagMs: number;
  },
): string | undefined {
  const { drained, lagMs, maxLagMs } = known;
  if (drained !== undefined) {
    return `drained by ${drained.by} at ${new Date(drained.at).toISOString()}`;
  }
  if (seen === undefined) return "not looked at yet";
  if (!seen.up) return seen.trouble ?? "down";
  if (known.spec.role === "auto") {
    if (seen.writable !== false) return "writable, but not the primary";
    if (seen.applying === false) return "not replicating";
  }
  if (lagMs === undefined) return seen.trouble ?? "its lag is unknown";
  if (lagMs > maxLagMs) return `${Math.round(lagMs)} ms behind, more than ${maxLagMs}`;
  return undefined;
}
