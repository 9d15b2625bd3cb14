import type { NodeState, ShardSpec, ShardState } from "../../src/routing/topology.ts";

/** A shard `s1` with the nodes `a`, `b`, …, each of weight 1 unless told. */
export function shardOf(
  nodes: Readonly<Record<string, number>> | readonly string[],
  role: "auto" | "fixed" = "auto",
): ShardSpec {
  const weights = Array.isArray(nodes) ? nodes.map((name) => [name, 1]) : Object.entries(nodes);
  return {
    name: "s1",
    role,
    nodes: weights.map(([name, weight]) => ({
      name,
      shard: "s1",
      host: "127.0.0.1",
      port: 1,
      weight,
    })),
  };
}

/** A state of `s1` in which every node is up and in, with what is given changed. */
export function stateOf(
  nodes: readonly string[],
  change: Partial<ShardState> & { readonly out?: readonly string[]; readonly at?: number } = {},
): ShardState {
  const { out = [], at = 0, ...rest } = change;
  const primary = rest.primary === undefined ? nodes[0] ?? null : rest.primary;
  return {
    name: "s1",
    epoch: "1",
    primary,
    status: "ok",
    why: undefined,
    nodes: nodes.map((name): NodeState => ({
      name,
      role: name === primary ? "primary" : "replica",
      up: !out.includes(name),
      writable: name === primary,
      lagMs: 0,
      position: undefined,
      semiSync: undefined,
      version: "10.11",
      probeMs: 1,
      observedAt: at,
      connections: undefined,
      drained: undefined,
      ejected: out.includes(name) ? "down" : undefined,
    })),
    ...rest,
  };
}
