import type { Context } from "hono";
import { RealmgateError } from "../core/errors.ts";
import { EndedError, untilEnd } from "../core/until_end.ts";
import type { PartitionRule } from "../partitions/partition_rule.ts";
import type { ShardReport, TableReport } from "../partitions/table_report.ts";
import { audited } from "./audited.ts";
import { BodyFields } from "./body_fields.ts";
import type { Parts } from "./parts.ts";
import { authorize, jsonBody, plainCall } from "./plain_call.ts";

/** `GET /v1/partitions`: the declared tables on each shard, and what their upkeep would do. */
export function getPartitions(parts: Parts): (c: Context) => Promise<Response> {
  return (c) =>
    plainCall(parts, c, async (scope) => {
      const { scopes } = authorize(parts, c.req.raw, "read");
      const reports = await untilEnd(scope, parts.partitions.report()).catch(tooLate);
      const admin = scopes.has("admin");
      return { tables: reports.map((report) => tableAnswer(report, admin)) };
    });
}

/** `POST /v1/partitions/{table}/maintain`: does the upkeep of a table, or tells what it would do. */
export function maintainPartitions(parts: Parts): (c: Context) => Promise<Response> {
  return (c) =>
    plainCall(parts, c, async (scope) => {
      const { name: by } = authorize(parts, c.req.raw, "admin");
      const table = c.req.param("table") ?? "";
      const fields = new BodyFields(await jsonBody(parts, c.req.raw, scope), { known: ["dryRun"] });
      const dryRun = fields.flag("dryRun");
      fields.done();
      const { partitions } = parts;
      const report = dryRun ? await partitions.plan(table, scope).catch(tooLate) : await audited(
        parts,
        { by, action: "partition.maintain", target: table, describe: whatWasDone },
        () => partitions.maintain(table, scope).catch(tooLate),
      );
      return { dryRun, ...tableAnswer(report, true) };
    });
}

/** How many steps had which outcome, such as `7 done, 1 busy`. */
function whatWasDone({ shards }: TableReport): string {
  const counts = new Map<string, number>();
  for (const { outcome } of shards.flatMap(({ steps }) => steps)) {
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
  return [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(", ") ||
    "there was nothing to do";
}

/** The statements are for administrators. */
function tableAnswer({ table, rule, shards }: TableReport, admin: boolean) {
  return { table, ...ruleAnswer(rule), shards: shards.map((shard) => shardAnswer(shard, admin)) };
}

function ruleAnswer(rule: PartitionRule) {
  const { by, column } = rule;
  if (rule.by !== "range") return { by, column };
  return { by, column, period: rule.period, aheadMs: rule.aheadMs, keepMs: rule.keepMs ?? null };
}

function shardAnswer(report: ShardReport, admin: boolean) {
  const { shard, node, status, partitions, steps, problems } = report;
  return {
    shard,
    node,
    status,
    partitions,
    plan: {
      steps: steps.map(({ action, partition, until, sql, outcome, tookMs, why }) => ({
        action,
        partition,
        until: new Date(until).toISOString(),
        outcome,
        ...(tookMs === undefined ? {} : { tookMs }),
        ...(why === undefined ? {} : { why }),
        ...(admin ? { sql } : {}),
      })),
      problems,
    },
  };
}

const ENDS = {
  deadline_exceeded: "deadline_exceeded",
  client_closed: "client_closed_request",
  shutting_down: "shutting_down",
} as const;

function tooLate(error: unknown): never {
  if (!(error instanceof EndedError)) throw error;
  throw new RealmgateError(ENDS[error.end], "Cannot wait for the shards any longer");
}
