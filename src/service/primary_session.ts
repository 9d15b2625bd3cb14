import type { Config } from "../config/schema.ts";
import { RealmgateError } from "../core/errors.ts";
import type { Scope } from "../core/scope.ts";
import type { MysqlDriver } from "../drivers/mysql.ts";
import type { PrimarySession } from "../partitions/partition_manager.ts";
import type { TopologySnapshot } from "../routing/topology.ts";
import { shardSpecs, targetOf } from "./settings.ts";

/** What opens sessions on primaries. */
export interface PrimarySessionOptions {
  readonly config: Config;
  readonly ca: string | undefined;
  readonly driver: MysqlDriver;
  readonly topology: () => TopologySnapshot;
}

/**
 * A way to a session of its own on a shard's primary, outside of the pools; its caller ends it.
 *
 * @returns a function that throws {@linkcode RealmgateError} `no_primary`, or an `SqlError`
 */
export function primarySessions(
  options: PrimarySessionOptions,
): (shard: string, scope: Scope) => Promise<PrimarySession> {
  const { config, ca, driver, topology } = options;
  const specs = shardSpecs(config);
  return async (shard, scope) => {
    const primary = topology().shards.find(({ name }) => name === shard)?.primary;
    const node = specs.find(({ name }) => name === shard)?.nodes
      .find(({ name }) => name === primary);
    if (node === undefined) {
      throw new RealmgateError("no_primary", `Cannot find the primary of shard ${shard}`);
    }
    return {
      node: node.name,
      session: await driver.connect(targetOf({ config, node, ca }), scope),
    };
  };
}
