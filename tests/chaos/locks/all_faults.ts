import type { Fault } from "./fault.ts";
import { clockAhead, clockBack } from "./faults/clock_stepped.ts";
import { failedOver } from "./faults/failed_over.ts";
import { holderKilled } from "./faults/holder_killed.ts";
import { holderStopped } from "./faults/holder_stopped.ts";
import { deafRedis, muteRedis, slowAnswers } from "./faults/network.ts";
import { longHolds, nothing } from "./faults/nothing.ts";
import { redisEmptied } from "./faults/redis_emptied.ts";
import { redisStopped } from "./faults/redis_stopped.ts";
import { serviceKilled } from "./faults/service_killed.ts";

/** Every fault that there is, those of one kind of Redis together. */
export const ALL_FAULTS: readonly Fault[] = [
  nothing,
  longHolds,
  holderStopped,
  holderKilled,
  serviceKilled,
  redisStopped,
  deafRedis,
  muteRedis,
  slowAnswers,
  redisEmptied,
  clockAhead,
  clockBack,
  failedOver,
];
