import type { Fault } from "./fault.ts";
import { bypassed } from "./faults/bypassed.ts";
import { failedOver } from "./faults/failed_over.ts";
import { killedAfterCommit } from "./faults/killed_after_commit.ts";
import { intentsForgotten, killedBeforeCommit } from "./faults/killed_before_commit.ts";
import { redisDeaf, redisMute, writerCutOff } from "./faults/network.ts";
import { nothing } from "./faults/nothing.ts";
import { processStopped } from "./faults/process_stopped.ts";
import { redisEmptied } from "./faults/redis_emptied.ts";
import { redisKilled } from "./faults/redis_killed.ts";
import { redisStopped, redisStoppedLenient } from "./faults/redis_stopped.ts";
import { replicaStopped } from "./faults/replica_stopped.ts";
import { split } from "./faults/split.ts";
import { subscribersKilled } from "./faults/subscribers_killed.ts";
import { writerKilled } from "./faults/writer_killed.ts";

/** Every fault that there is, those of one kind of Redis together. */
export const ALL_FAULTS: readonly Fault[] = [
  nothing,
  subscribersKilled,
  redisStopped,
  redisStoppedLenient,
  redisKilled,
  redisEmptied,
  redisDeaf,
  redisMute,
  writerCutOff,
  processStopped,
  replicaStopped,
  writerKilled,
  killedBeforeCommit,
  intentsForgotten,
  killedAfterCommit,
  bypassed,
  failedOver,
  split,
];
