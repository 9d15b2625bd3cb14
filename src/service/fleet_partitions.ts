import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { ScopeWatch } from "../core/scope.ts";
import type { Exclusive } from "../locks/fleet_duty.ts";
import { PartitionManager } from "../partitions/partition_manager.ts";
import { type PrimarySessionOptions, primarySessions } from "./primary_session.ts";
import { partitionRules } from "./settings.ts";

/** What a manager of all declared tables works with. */
export interface FleetPartitionsOptions extends PrimarySessionOptions {
  readonly locks: Exclusive;
  readonly watch: ScopeWatch;
  readonly clock: Clock;
  readonly log: Log;
}

/** The manager of the partitioned tables that a configuration declares, on all of its shards. */
export function fleetPartitions(options: FleetPartitionsOptions): PartitionManager {
  const { config } = options;
  return new PartitionManager({
    ...options,
    rules: partitionRules(config),
    shards: config.shards.map(({ name }) => name),
    connect: primarySessions(options),
  });
}
