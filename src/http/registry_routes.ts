import type { Context } from "hono";
import { RealmgateError } from "../core/errors.ts";
import type { CacheOutlook } from "../query/cached_reads.ts";
import type { CompiledStatement } from "../query/compiled_statement.ts";
import { describeShard } from "../query/describe_shard.ts";
import type { PartitionRoute } from "../query/partition_routes.ts";
import { isSessionRead } from "../query/session_reads.ts";
import type { ParamSpec, ParamType } from "../query/statement.ts";
import { type Principal, requireScope } from "./authenticator.ts";
import { readCallOptions } from "./call_options.ts";
import type { Parts } from "./parts.ts";
import { inScope } from "./plain_call.ts";

/** `GET /v1/statements`: the registry, a line each. */
export function getStatements(parts: Parts): (c: Context) => Response {
  return (c) => {
    const principal = authenticate(parts, c);
    return c.json({
      statements: parts.optimizer.list().map((compiled) => summary(compiled, principal)),
    });
  };
}

/** `GET /v1/statements/{name}`: one statement; its SQL and plan for the admin scope. */
export function getStatement(parts: Parts): (c: Context) => Response {
  return (c) => {
    const principal = authenticate(parts, c);
    const compiled = find(parts, c.req.param("statement") ?? "");
    return c.json(summary(compiled, principal));
  };
}

/**
 * `GET /v1/route/{statement}?param=…`: where a call would go, and why; nothing is run. A database is
 * asked for its plan only where the statement names a table that is declared as partitioned.
 */
export function getRoute(parts: Parts): (c: Context) => Promise<Response> {
  return async (c) => {
    const principal = authenticate(parts, c);
    const compiled = find(parts, c.req.param("statement") ?? "");
    const { statement } = compiled;
    requireScope(principal, statement.scope);
    const options = readCallOptions(c.req.raw.headers, "read");
    const { consistency, token } = options;
    const mark = c.req.url.indexOf("?");
    const bound = compiled.bindQuery(mark < 0 ? "" : c.req.url.slice(mark + 1));
    const shard = parts.executor.shardOf(compiled, bound);
    const state = parts.view.shard(shard);
    const primaryOnly = statement.kind === "exec" || statement.consistency === "strong" ||
      consistency === "strong";
    const why: string[] = [];
    let hashed: Readonly<Record<string, unknown>> = {};
    if (statement.shard.by === "key" && bound.shardKey !== undefined) {
      const { hash, bucket, why: reason } = parts.shards.explain(bound.shardKey);
      hashed = { key: bound.shardKey, hash, ...(bucket === undefined ? {} : { bucket }) };
      why.push(reason);
    } else {
      why.push(`@shard ${describeShard(compiled.statement.shard)}`);
    }
    const { sessions } = parts.executor;
    const session = statement.kind !== "exec" && token !== undefined &&
      isSessionRead(consistency, statement.consistency);
    const cache = parts.cached.cacheOf(compiled, consistency);
    const outlook = cache &&
      parts.cached.foresee(cache, {
        compiled,
        bound,
        key: compiled.cacheKey(bound, options),
        shard,
      });
    const need = primaryOnly ? "primary" : session ? sessions.need(shard, token) : outlook?.need;
    const node = need === "primary"
      ? state.primary
      : need === undefined
      ? peekReplica(parts, shard)
      : sessions.pick(need, { deadlineAt: session ? Infinity : -Infinity }) ?? state.primary;
    if (outlook !== undefined) why.push(`the cache ${outlook.name} ${WHY_CACHE[outlook.state]}`);
    why.push(WHY[need === undefined || need === "primary" ? need ?? "any" : "floor"]);
    const partitions = await inScope(
      parts,
      c.req.raw,
      (scope) => parts.partitionRoutes.route({ compiled, bound, node, scope }),
    );
    for (const { table, why: reason } of partitions) why.push(`partitions of ${table}: ${reason}`);
    return c.json({
      statement: statement.name,
      shard,
      ...hashed,
      node,
      epoch: state.epoch,
      partition: partitionText(partitions),
      ...(partitions.length === 0 ? {} : { partitions }),
      cache: outlook === undefined ? null : summaryOf(outlook),
      available: compiled.unavailable === undefined,
      why,
    });
  };
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

/** A node that could answer now, or `null`: a dry run tells, it does not fail. */
function peekReplica(parts: Parts, shard: string): string | null {
  try {
    return parts.replicas.pick(shard);
  } catch (error) {
    if (error instanceof RealmgateError) return null;
    throw error;
  }
}

function authenticate(parts: Parts, c: Context): Principal {
  const principal = parts.authenticator.authenticate(c.req.header("authorization") ?? null);
  requireScope(principal, "read");
  return principal;
}

function find(parts: Parts, name: string): CompiledStatement {
  const compiled = parts.optimizer.get(name);
  if (compiled !== undefined) return compiled;
  throw new RealmgateError("unknown_statement", "Cannot find a statement of this name");
}

function summary(compiled: CompiledStatement, principal: Principal): Record<string, unknown> {
  const { statement, facts } = compiled;
  return {
    name: statement.name,
    kind: statement.kind,
    description: statement.description,
    scope: statement.scope,
    shard: describeShard(statement.shard),
    params: statement.params.map(paramSummary),
    columns:
      facts?.columns.map(({ name, encoding, nullable }) => ({ name, type: encoding, nullable })) ??
        null,
    timeoutMs: statement.timeoutMs,
    maxRows: statement.maxRows,
    available: compiled.unavailable === undefined,
    ...(compiled.unavailable === undefined ? {} : { unavailable: compiled.unavailable }),
    warnings: facts?.warnings ?? [],
    ...(principal.scopes.has("admin")
      ? {
        file: `${statement.file}:${statement.line}`,
        sql: statement.sql,
        plan: facts?.plan ?? null,
        explain: facts?.explain ?? null,
      }
      : {}),
  };
}

function paramSummary(param: ParamSpec): Record<string, unknown> {
  const { name, type, secret, default: fallback, ...rest } = param;
  return { name, type: typeText(type), required: fallback === undefined, secret, ...rest };
}

/** A parameter's type as it is written in a statement file. */
export function typeText(type: ParamType): string {
  switch (type.kind) {
    case "decimal":
      return `decimal(${type.precision},${type.scale})`;
    case "array":
      return `${typeText(type.of)}[]`;
    case "rows":
      return `rows(${type.columns.map((c) => `${c.name} ${typeText(c.type)}`).join(", ")})`;
    default:
      return type.kind;
  }
}
