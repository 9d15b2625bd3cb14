import type { Context } from "hono";
import { RealmgateError } from "../core/errors.ts";
import type { CompiledStatement } from "../query/compiled_statement.ts";
import { describeShard } from "../query/describe_shard.ts";
import { groupPlans } from "../query/explained_plan.ts";
import type { ParamSpec } from "../query/statement.ts";
import type { Principal } from "./authenticator.ts";
import type { Parts } from "./parts.ts";
import { typeText } from "./type_text.ts";
import { authorize } from "./plain_call.ts";

/** `GET /v1/statements`: the registry, a line each. */
export function getStatements(parts: Parts): (c: Context) => Response {
  return (c) => {
    const principal = authorize(parts, c.req.raw, "read");
    return c.json({
      statements: parts.optimizer.list().map((compiled) => summary(compiled, principal)),
    });
  };
}

/** `GET /v1/statements/{name}`: one statement; its SQL and plan for the admin scope. */
export function getStatement(parts: Parts): (c: Context) => Response {
  return (c) => {
    const principal = authorize(parts, c.req.raw, "read");
    const compiled = find(parts, c.req.param("statement") ?? "");
    return c.json(summary(compiled, principal));
  };
}

/** @throws {RealmgateError} `unknown_statement` */
export function find(parts: Parts, name: string): CompiledStatement {
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
        plan: facts?.plans?.[0]?.tree ?? null,
        plans: groupPlans(facts?.plans ?? []).map(({ tree, ...plan }) => ({ ...plan, plan: tree })),
        planChanges: facts?.planChanges ?? [],
        commit: commitOf(compiled),
      }
      : {}),
  };
}

/** Whether a write shares its commit with others, once the servers were asked. */
function commitOf({ statement: { kind }, facts }: CompiledStatement): unknown {
  if (kind !== "exec" || facts === undefined) return null;
  return { shared: facts.ungroupable === undefined, reason: facts.ungroupable ?? null };
}

function paramSummary(param: ParamSpec): Record<string, unknown> {
  const { name, type, secret, default: fallback, ...rest } = param;
  const max = type.kind === "rows" ? { max: String(type.max) } : {};
  return { name, type: typeText(type), required: fallback === undefined, secret, ...rest, ...max };
}
