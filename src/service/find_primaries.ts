import type { Config } from "../config/schema.ts";
import { type Scope, ScopeWatch } from "../core/scope.ts";
import type { ShardSpec, ShardState, TopologySnapshot } from "../routing/topology.ts";
import { unknownShard } from "../routing/topology_view.ts";
import type { World } from "./isolate.ts";
import { isWritable } from "./schema_install.ts";
import { shardSpecs, targetOf } from "./settings.ts";

/** What a look needs. */
export interface FindPrimariesOptions {
  readonly config: Config;
  readonly ca: string | undefined;
  readonly world: World;
}

/** How long a node may take to say whether it is writable. */
const LOOK_MS = 5_000;

/**
 * Looks once which node of each shard takes writes, for tasks that run without the service. Nodes
 * that are away, and shards without such a node, are said in the log.
 */
export async function findPrimaries(options: FindPrimariesOptions): Promise<TopologySnapshot> {
  const { config, world: { clock } } = options;
  const watch = new ScopeWatch({ clock, tickMs: 100 });
  try {
    const shards = shardSpecs(config).map((spec) => lookAt(spec, { ...options, watch }));
    return { at: clock.wallMs(), shards: await Promise.all(shards) };
  } finally {
    watch.close();
  }
}

async function lookAt(
  spec: ShardSpec,
  options: FindPrimariesOptions & { readonly watch: ScopeWatch },
): Promise<ShardState> {
  const { config, ca, world: { driver, log }, watch } = options;
  const candidates = spec.role === "fixed" ? spec.nodes.slice(0, 1) : spec.nodes;
  let primary: string | null = null;
  for (const node of candidates) {
    const connect = (scope: Scope) => driver.connect(targetOf({ config, node, ca }), scope);
    const scope = watch.open({ timeoutMs: LOOK_MS });
    try {
      const session = await connect(scope);
      const destroy = () => session.destroy();
      scope.onEnd(destroy);
      if (spec.role === "fixed" || await isWritable(session)) primary ??= node.name;
      scope.offEnd(destroy);
      await session.end();
    } catch (error) {
      log.warn("a node is away", { node: node.name, error });
    } finally {
      scope.close();
    }
  }
  if (primary === null) log.warn("a shard has no writable node", { shard: spec.name });
  return { ...unknownShard(spec), primary };
}
