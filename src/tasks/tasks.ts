/** What scheduled tasks may ask of the isolate that they run in. */
export interface TaskHost {
  /** Arms the 1 s timers again, in case one was lost, and logs the fleet's state. */
  checkHealth(): void;
  /** Closes connections that idled too long or are too old. */
  upkeep(): void;
  /** Gives back the memory of cache entries that are over. */
  evictExpired(): Promise<void>;
  /** Looks at every statement's plan again, for the fleet. */
  checkPlans(): Promise<void>;
  /** Deletes fences that were not used for long, for the fleet. */
  sweepFences(): Promise<void>;
  /** Deletes what is too old in the shards' outboxes, while Redis is away. */
  purgeOutboxes(): Promise<void>;
  /** Makes partitions ahead and drops old ones, for the fleet. */
  maintainPartitions(): Promise<void>;
}

/** One scheduled task. */
export interface Task {
  readonly name: string;
  /** In cron's own form, in UTC. */
  readonly schedule: string;
  readonly run: (host: TaskHost) => void | Promise<void>;
}

/**
 * Every scheduled task of the service. Cron fires in each isolate and at most once a minute, so
 * these keep house; what must happen each second has its own timers.
 */
export const TASKS: readonly Task[] = [
  { name: "health", schedule: "* * * * *", run: (host) => host.checkHealth() },
  { name: "idle-connections", schedule: "* * * * *", run: (host) => host.upkeep() },
  { name: "cache-eviction", schedule: "* * * * *", run: (host) => host.evictExpired() },
  { name: "plan-check", schedule: "*/10 * * * *", run: (host) => host.checkPlans() },
  { name: "fence-sweep", schedule: "17 * * * *", run: (host) => host.sweepFences() },
  { name: "outbox-purge", schedule: "* * * * *", run: (host) => host.purgeOutboxes() },
  { name: "partition-upkeep", schedule: "41 * * * *", run: (host) => host.maintainPartitions() },
];
