/** How many virtual buckets the keys of a fleet fall into. */
export const BUCKETS = 1_024;

/** Which buckets each shard holds: ranges such as `{ s1: ["0-511"], s2: ["512-1023"] }`. */
export type BucketMap = Readonly<Record<string, readonly string[]>>;

/**
 * Reads a bucket map as the owner of each bucket, in the buckets' order.
 *
 * @throws {TypeError} with every fault: a bucket that is missing, given twice or out of range
 */
export function readBuckets(map: BucketMap): string[] {
  const owners = new Array<string | undefined>(BUCKETS).fill(undefined);
  const faults: string[] = [];
  for (const [shard, ranges] of Object.entries(map)) {
    for (const range of ranges) {
      const match = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(range);
      const first = Number(match?.[1]);
      const last = Number(match?.[2] ?? match?.[1]);
      if (match === null || first > last || last >= BUCKETS) {
        faults.push(`"${range}" of ${shard} is no range within 0-${BUCKETS - 1}`);
        continue;
      }
      const twice: number[] = [];
      for (let bucket = first; bucket <= last; bucket++) {
        if (owners[bucket] === undefined) owners[bucket] = shard;
        else twice.push(bucket);
      }
      if (twice.length > 0) {
        faults.push(`${toRanges(twice).join(", ")} of ${shard} is given twice`);
      }
    }
  }
  const complete: string[] = [];
  const missing: number[] = [];
  owners.forEach((owner, bucket) =>
    owner === undefined ? missing.push(bucket) : complete.push(owner)
  );
  if (missing.length > 0) faults.push(`${toRanges(missing).join(", ")} is missing`);
  if (faults.length > 0) {
    throw new TypeError(
      `Cannot use the bucket map: each of 0-${BUCKETS - 1} must be given once, ${
        faults.join("; ")
      }`,
    );
  }
  return complete;
}

/**
 * Plans an even map of `shards` from `current`, moving as few buckets as an even map allows; from
 * nothing it deals the buckets out in order. Every shard holds the same number of buckets or one
 * more, and shards that are not in `shards` any longer hold none. Moves no data.
 *
 * @example
 * ```ts
 * import { planBuckets } from "./bucket_map.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const map = planBuckets({ shards: ["s1", "s2"] });
 * assertEquals(map, { s1: ["0-511"], s2: ["512-1023"] });
 * ```
 */
export function planBuckets(
  options: { readonly shards: readonly string[]; readonly current?: BucketMap },
): Record<string, string[]> {
  const { shards, current } = options;
  if (shards.length < 1 || shards.length > BUCKETS || new Set(shards).size !== shards.length) {
    throw new TypeError(
      `Cannot plan buckets: needs 1 to ${BUCKETS} different shards, received [${shards}]`,
    );
  }
  const held = new Map(shards.map((shard) => [shard, [] as number[]]));
  const free: number[] = [];
  const owners = current === undefined ? new Array<string>(BUCKETS).fill("") : readBuckets(current);
  owners.forEach((owner, bucket) => (held.get(owner) ?? free).push(bucket));
  // The shards that already hold the most keep the odd buckets: any other choice moves more.
  const byHolding = [...held.values()].sort((a, b) => b.length - a.length);
  const even = Math.floor(BUCKETS / shards.length);
  const odd = BUCKETS % shards.length;
  byHolding.forEach((buckets, at) => free.push(...buckets.splice(at < odd ? even + 1 : even)));
  free.sort((a, b) => a - b);
  byHolding.forEach((buckets, at) => {
    const wanted = at < odd ? even + 1 : even;
    buckets.push(...free.splice(0, wanted - buckets.length));
  });
  return Object.fromEntries(
    [...held].map(([shard, buckets]) => [shard, toRanges(buckets.sort((a, b) => a - b))]),
  );
}

function toRanges(ascending: readonly number[]): string[] {
  const ranges: string[] = [];
  let first: number | undefined;
  ascending.forEach((bucket, at) => {
    first ??= bucket;
    if (ascending[at + 1] === bucket + 1) return;
    ranges.push(first === bucket ? `${bucket}` : `${first}-${bucket}`);
    first = undefined;
  });
  return ranges;
}
