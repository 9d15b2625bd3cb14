import { assert, assertEquals, assertRejects } from "@std/assert";
import { RealmgateError } from "../../src/core/errors.ts";
import { ScopeWatch } from "../../src/core/scope.ts";
import type { RedisClient } from "../../src/drivers/redis.ts";
import { InterruptedError } from "../../src/pool/interrupted_error.ts";
import { IdSource } from "../../src/query/id_source.ts";
import { withRedis } from "../drivers/redis_fixture.ts";
import { ManualClock } from "../support/manual_clock.ts";

interface Setting {
  readonly clock: ManualClock;
  /** Runs a Redis command. */
  readonly command: (...words: readonly string[]) => Promise<unknown>;
  source(redis?: Pick<RedisClient, "run">): { take(count?: number): Promise<bigint[]> };
  readonly redis: RedisClient;
}
