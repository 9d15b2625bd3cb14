import { type RedisClient, redisScript } from "./redis.ts";

/** What Redis says of how it keeps what it is given. */
export interface RedisFitness {
  /** What it does when its memory is full, if that is bounded. */
  readonly evicts: string | undefined;
  readonly replicas: number;
  /** Whether it refuses writes that no replica would get (`min-replicas-to-write`). */
  readonly guarded: boolean;
}

const FITNESS = redisScript(`
local info = redis.call("INFO", "memory") .. redis.call("INFO", "replication")
return {string.match(info, "maxmemory:(%d+)"), string.match(info, "maxmemory_policy:(%S+)"),
  string.match(info, "connected_slaves:(%d+)"), string.match(info, "min_slaves_good_slaves:(%d+)")}
`);

/**
 * Asks Redis how it is set up. Locks and the coherence of caches live there: one that evicts loses
 * them, and one with replicas that takes writes which none of them gets loses them with its master.
 *
 * @param fleet whose key the script names; it does not touch it
 * @throws {RealmgateError} `redis_unavailable`
 */
export async function redisFitness(
  redis: Pick<RedisClient, "run">,
  fleet: string,
): Promise<RedisFitness> {
  const reply = await redis.run(FITNESS, { keys: [`{${fleet}}:fitness`], args: [] });
  const [bound, policy, replicas, guard] = reply as readonly (string | undefined | null)[];
  const evicts = Number(bound ?? 0) > 0 && policy !== "noeviction";
  return {
    evicts: evicts ? policy ?? "unknown" : undefined,
    replicas: Number(replicas ?? 0),
    guarded: guard !== undefined && guard !== null,
  };
}
