import type { SentinelOptions } from "../../support/sentinel.ts";

/** For how long a master may take writes that no replica has. */
export const MAX_LAG_SECONDS = 2;

/** How Redis's servers are set up where there are Sentinels. */
export const SENTINELS: SentinelOptions = {
  replicas: 2,
  minReplicasToWrite: 1,
  minReplicasMaxLagSeconds: MAX_LAG_SECONDS,
};
