import type { Context } from "hono";
import { RealmgateError } from "../core/errors.ts";
import type { CacheOutlook } from "../query/cached_reads.ts";
import type { Bound, CompiledStatement } from "../query/compiled_statement.ts";
import { describeShard } from "../query/describe_shard.ts";
import type { PartitionRoute } from "../query/partition_routes.ts";
import { isSessionRead, type Need } from "../query/session_reads.ts";
import { requireScope } from "./authenticator.ts";
import { type CallOptions, readCallOptions } from "./call_options.ts";
import type { Parts } from "./parts.ts";
import { authorize, inScope } from "./plain_call.ts";
import { find } from "./registry_routes.ts";

/** A call that is asked about. */
interface Asked {
  readonly compiled: CompiledStatement;
  readonly bound: Bound;
  readonly options: CallOptions;
}

/** Where a call would go: one target, or the first of several with the names of all. */
interface Route {
  readonly node: string | null;
  readonly why: readonly string[];
  readonly [member: string]: unknown;
}

/** Where a call, or one shard's part of it, would go. */
interface Target {
  readonly shard: string;
  /** The database that could answer now; a dry run tells that there is none, it does not fail. */
  readonly node: string | null;
  readonly epoch: string;
}

/**
 * `GET /v1/route/{statement}?param=…`: where a call would go, and why; nothing is run. A database is
 * asked for its plan only where the statement names a table that is declared as partitioned.
 */
export function getRoute(parts: Parts): (c: Context) => Promise<Response> {
  return async (c) => {
    const principal = authorize(parts, c.req.raw, "read");
    const compiled = find(parts, c.req.param("statement") ?? "");
    requireScope(principal, compiled.statement.scope);
    const options = readCallOptions(c.req.raw.headers, "read");
    const mark = c.req.url.indexOf("?");
    const bound = compiled.bindQuery(mark < 0 ? "" : c.req.url.slice(mark + 1));
    const asked = { compiled, bound, options };
    const { why, ...route } = compiled.scatter === undefined
      ? routeOf(parts, asked)
      : scatterOf(parts, asked);
    const { node } = route;
    const partitions = await inScope(
      parts,
      c.req.raw,
      (scope) => parts.partitionRoutes.route({ compiled, bound, node, scope }),
    );
    return c.json({
      statement: compiled.statement.name,
      ...route,
      partition: partitionText(partitions),
      ...(partitions.length === 0 ? {} : { partitions }),
      available: compiled.unavailable === undefined,
      why: [...why, ...partitions.map(({ table, why }) => `partitions of ${table}: ${why}`)],
    });
  };
}

function routeOf(parts: Parts, asked: Asked): Route {
  const { compiled, bound, options } = asked;
  const shard = parts.executor.shardOf(compiled, bound);
  const cache = parts.cached.cacheOf(compiled, options.consistency);
  const outlook = cache && parts.cached.foresee(cache, {
    compiled,
    bound,
    key: compiled.cacheKey(bound, options),
    shard,
  });
  const asks = needOf(parts, asked, shard);
  const need = asks ?? outlook?.need;
  const { hashed, why } = keyOf(parts, asked);
  return {
    ...targetOf(parts, shard, { need, waits: asks !== undefined }),
    ...hashed,
    cache: outlook === undefined ? null : summaryOf(outlook),
    why: [
      why,
      ...(outlook === undefined ? [] : [`the cache ${outlook.name} ${WHY_CACHE[outlook.state]}`]),
      whyOf(need),
    ],
  };
}

function scatterOf(parts: Parts, asked: Asked): Route {
  const { compiled: { scatter }, compiled, bound } = asked;
  const legs = scatter === undefined ? [] : parts.scattered.legs(scatter, { compiled, bound });
  const targets = legs.map(({ shard }) =>
    targetOf(parts, shard, { need: needOf(parts, asked, shard), waits: true })
  );
  const [first, ...others] = targets;
  const one = others.length === 0 ? first : undefined;
  const { hashed, why } = keyOf(parts, asked);
  return {
    shard: targets.map(({ shard }) => shard).join(),
    node: one?.node ?? null,
    epoch: one?.epoch ?? null,
    ...hashed,
    shards: targets,
    cache: null,
    why: [why, ...new Set(legs.map(({ shard }) => whyOf(needOf(parts, asked, shard))))],
  };
}

/** What a read must see of a shard; `undefined` where anything will do. */
function needOf(parts: Parts, { compiled, options }: Asked, shard: string): Need {
  const { kind, consistency: least } = compiled.statement;
  const { consistency, token } = options;
  if (kind === "exec" || least === "strong" || consistency === "strong") return "primary";
  return token !== undefined && isSessionRead(consistency, least)
    ? parts.executor.sessions.need(shard, token)
    : undefined;
}

/** @param options.waits whether a replica that is behind is waited for */
function targetOf(
  parts: Parts,
  shard: string,
  { need, waits }: { readonly need: Need; readonly waits: boolean },
): Target {
  const { epoch, primary } = parts.view.shard(shard);
  const { sessions } = parts.executor;
  const node = need === "primary"
    ? primary
    : need === undefined
    ? peekReplica(parts, shard)
    : sessions.pick(need, { deadlineAt: waits ? Infinity : -Infinity }) ?? primary;
  return { shard, node, epoch };
}

function keyOf(
  parts: Parts,
  { compiled: { statement }, bound }: Asked,
): { readonly hashed: Readonly<Record<string, unknown>>; readonly why: string } {
  if (statement.shard.by !== "key" || bound.shardKey === undefined) {
    return { hashed: {}, why: `@shard ${describeShard(statement.shard)}` };
  }
  const { hash, bucket, why } = parts.shards.explain(bound.shardKey);
  const hashed = { key: bound.shardKey, hash, ...(bucket === undefined ? {} : { bucket }) };
  return { hashed, why };
}

/** As EXPLAIN writes them: with commas, of several tables each with its name. */
function partitionText(routes: readonly PartitionRoute[]): string | null {
  const known = routes.flatMap(({ table, partitions }) =>
    partitions === null ? [] : [{
      table,
      list: partitions.join(","),
    }]
  );
  if (known.length === 0) return null;
  return routes.length === 1
    ? known[0]?.list ?? null
    : known.map(({ table, list }) => `${table}: ${list}`).join("; ");
}

function whyOf(need: Need): string {
  return WHY[need === undefined || need === "primary" ? need ?? "any" : "floor"];
}

const WHY = {
  any: "a replica that is up and caught up may answer",
  primary: "needs the primary",
  floor:
    "a replica that has all that the token, or the cache, knows of may answer, else the primary",
} as const;

const WHY_CACHE = {
  fresh: "has the answer",
  stale: "has an older answer, and may still give it",
  absent: "does not have the answer: it is loaded and kept",
  bypassed: "cannot keep an answer now, for a write of its tags is under way or Redis is away",
} as const;

function summaryOf({ name, key, state }: CacheOutlook): Omit<CacheOutlook, "need"> {
  return { name, key, state };
}

function peekReplica(parts: Parts, shard: string): string | null {
  try {
    return parts.replicas.pick(shard);
  } catch (error) {
    if (error instanceof RealmgateError) return null;
    throw error;
  }
}
