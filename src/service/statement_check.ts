import type { Config } from "../config/schema.ts";
import { ScopeWatch } from "../core/scope.ts";
import { SqlError } from "../drivers/mysql.ts";
import type { CompiledStatement } from "../query/compiled_statement.ts";
import { mergeFacts } from "../query/merge_facts.ts";
import { checkOnServer, schemaOf } from "../query/server_check.ts";
import type { ServerFacts, StatementFacts } from "../query/statement.ts";
import type { ShardSpec, TopologySnapshot } from "../routing/topology.ts";
import type { World } from "./isolate.ts";
import { partitionRules, shardSpecs, targetOf } from "./settings.ts";

/** What a check of the registry against the servers needs. */
export interface CheckOptions {
  readonly config: Config;
  readonly ca: string | undefined;
  readonly world: World;
  readonly statements: readonly CompiledStatement[];
  readonly topology: TopologySnapshot;
}

/** What a check found. */
export interface CheckResult {
  /** By statement; those of which no shard could say anything are missing. */
  readonly facts: Readonly<Record<string, StatementFacts>>;
  /** Whether everything was asked: false where a shard could not be reached. */
  readonly complete: boolean;
}

/** How long one shard may take for all its statements. */
const SHARD_TIMEOUT_MS = 60_000;

/**
 * Asks every shard about every statement that runs there, all shards at once, over one connection
 * each. A shard that cannot be reached is left out and never fails the check.
 */
export async function checkStatements(options: CheckOptions): Promise<CheckResult> {
  const watch = new ScopeWatch({ clock: options.world.clock });
  try {
    const answers = await Promise.all(
      shardSpecs(options.config).map(async (shard) =>
        [shard.name, await checkShard(shard, { ...options, watch })] as const
      ),
    );
    const facts: Record<string, StatementFacts> = {};
    for (const { statement: { name } } of options.statements) {
      const known = answers.flatMap(([shard, said]) => {
        const own = said?.[name];
        return own === undefined ? [] : [[shard, own] as const];
      });
      const merged = mergeFacts(new Map(known));
      if (merged !== undefined) facts[name] = merged;
    }
    return { facts, complete: answers.every(([, said]) => said !== undefined) };
  } finally {
    watch.close();
  }
}

async function checkShard(
  shard: ShardSpec,
  options: CheckOptions & { readonly watch: ScopeWatch },
): Promise<Record<string, ServerFacts> | undefined> {
  const { config, ca, world, statements, topology, watch } = options;
  const state = topology.shards.find(({ name }) => name === shard.name);
  const usable = state?.nodes.find(({ up, drained }) => up && drained === undefined)?.name;
  const chosen = state?.primary ?? usable;
  const node = shard.nodes.find(({ name }) => name === chosen);
  if (node === undefined) return undefined;
  const scope = watch.open({ timeoutMs: SHARD_TIMEOUT_MS });
  try {
    const session = await world.driver.connect(targetOf({ config, node, ca }), scope);
    const destroy = () => session.destroy();
    scope.onEnd(destroy);
    try {
      const facts: Record<string, ServerFacts> = {};
      const own = statements.filter(({ statement: { shard: rule } }) =>
        rule.by !== "name" || rule.shard === shard.name
      );
      const schema = await schemaOf(session, own.map(({ statement }) => statement));
      const checked = { schema, clock: world.clock, partitioned: partitionRules(config) };
      for (const compiled of own) {
        facts[compiled.statement.name] = await checkOnServer(session, { compiled, ...checked });
      }
      return facts;
    } finally {
      scope.offEnd(destroy);
      await session.end();
    }
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    world.log.warn("a shard could not check the statements", { shard: shard.name, error });
    return undefined;
  } finally {
    scope.close();
  }
}
