import { type Context, Hono } from "hono";
import { getPath } from "hono/utils/url";
import { RealmgateError } from "../core/errors.ts";
import { getAudit } from "./audit_routes.ts";
import { postBatch } from "./batch_route.ts";
import { registerAdmin } from "./admin/admin_routes.ts";
import { deleteEntry, getCaches, getEntry, invalidateCache, putEntry } from "./cache_routes.ts";
import { getEvents } from "./event_routes.ts";
import { refuseHeaders } from "./foreign_headers.ts";
import { getLive, getReady } from "./health_routes.ts";
import {
  acquireLock,
  getLock,
  getLockStats,
  listLocks,
  releaseLock,
  renewLock,
  renewLocks,
} from "./lock_routes.ts";
import { logFailure } from "./log_failure.ts";
import { drainNode } from "./node_routes.ts";
import { getMetrics } from "./metrics_route.ts";
import { getPartitions, maintainPartitions } from "./partition_routes.ts";
import { alerts, getMonitor, health, pools, queries } from "./monitor_routes.ts";
import type { Parts } from "./parts.ts";
import { toProblem, toRealmgateError } from "./problem.ts";
import { getStatement, getStatements } from "./registry_routes.ts";
import { getRoute } from "./route_route.ts";
import { echoRequestId, requestId } from "./request_id.ts";
import { registerReference } from "./reference_routes.ts";
import { hotPath } from "./hot_path.ts";
import { getQuery, postStatement, type StatementHandler } from "./statement_routes.ts";
import { getTopology } from "./topology_route.ts";
import { traceRoutes, traceStatement } from "./traced_routes.ts";

/** Everything but calls of statements, locks and caches, which see to their request ids themselves. */
const REFERENCE = [
  "/v1/statements/*",
  "/v1/route/*",
  "/v1/topology",
  "/v1/events",
  "/livez",
  "/readyz",
  "/metrics",
  "/openapi.json",
  "/docs",
];

const QUERY = "/v1/query/{statement}";
const EXEC = "/v1/exec/{statement}";

/** What answers requests. */
export type Fetch = (request: Request) => Response | Promise<Response>;

/**
 * The HTTP app of one isolate: every route of the contract that is built, and one place where
 * every error becomes a problem document.
 */
export function createApp(parts: Parts): Fetch {
  const app = new Hono();
  const { tracing, optimizer } = parts;
  const traced = (handler: StatementHandler, route: string) =>
    traceStatement(handler, { tracing, route, knows: (name) => optimizer.get(name) !== undefined });
  const query = traced(getQuery(parts), QUERY);
  const exec = traced(postStatement(parts, "exec"), EXEC);
  const routed = (handler: StatementHandler) => (c: Context) =>
    handler(c.req.raw, c.req.param("statement") ?? "");
  app.get("/v1/query/:statement", routed(query));
  app.post("/v1/query/:statement", routed(traced(postStatement(parts, "query"), QUERY)));
  app.post("/v1/exec/:statement", routed(exec));
  // Behind those that tell their spans themselves.
  if (tracing !== undefined) app.use(traceRoutes(tracing));
  app.post("/v1/batch", postBatch(parts));
  app.post("/v1/locks/:name", refuseHeaders(parts, ["Realmgate-Fence"]), acquireLock(parts));
  // Behind those that honour one of them, or say what to do instead.
  app.use("/v1/*", refuseHeaders(parts, ["Idempotency-Key", "Realmgate-Fence"]));
  app.put("/v1/locks/:name", renewLock(parts));
  app.delete("/v1/locks/:name", releaseLock(parts));
  app.get("/v1/locks/:name", getLock(parts));
  app.get("/v1/locks", listLocks(parts));
  app.put("/v1/locks", renewLocks(parts));
  app.get("/v1/monitor/locks", getLockStats(parts));
  app.get("/v1/caches", getCaches(parts));
  app.post("/v1/caches/:cache/invalidate", invalidateCache(parts));
  app.get("/v1/caches/:cache/entries/:key", getEntry(parts));
  app.put("/v1/caches/:cache/entries/:key", putEntry(parts));
  app.delete("/v1/caches/:cache/entries/:key", deleteEntry(parts));
  app.get("/v1/partitions", getPartitions(parts));
  app.post("/v1/partitions/:table/maintain", maintainPartitions(parts));
  app.get("/v1/monitor/health", getMonitor(parts, health));
  app.get("/v1/monitor/queries", getMonitor(parts, queries));
  app.get("/v1/monitor/pools", getMonitor(parts, pools));
  app.get("/v1/monitor/alerts", getMonitor(parts, alerts));
  app.post("/v1/admin/nodes/:node/drain", drainNode(parts));
  app.get("/v1/admin/audit", getAudit(parts));
  for (const path of REFERENCE) app.use(path, echoRequestId());
  app.get("/v1/statements", getStatements(parts));
  app.get("/v1/statements/:statement", getStatement(parts));
  app.get("/v1/route/:statement", getRoute(parts));
  app.get("/v1/topology", getTopology(parts));
  app.get("/v1/events", getEvents(parts));
  app.get("/livez", getLive());
  app.get("/readyz", getReady(parts));
  app.get("/metrics", getMetrics(parts));
  registerReference(app, parts);
  registerAdmin(app);
  app.notFound((c) => {
    const error = new RealmgateError("not_found", "Cannot find anything at this method and path");
    return problemResponse(error, requestId(c.req.raw.headers));
  });
  const failed = (error: unknown, request: Request) => {
    const known = toRealmgateError(error);
    const id = requestId(request.headers);
    tracing?.active()?.set({ "realmgate.code": known.code });
    logFailure(parts.log, known, { requestId: id, path: getPath(request) });
    return problemResponse(known, id);
  };
  app.onError((error, c) => failed(error, c.req.raw));
  return hotPath({ query, exec, failed, others: (request) => app.fetch(request) });
}

function problemResponse(error: unknown, id: string): Response {
  const { status, body, headers } = toProblem(error, id);
  return new Response(JSON.stringify(body), { status, headers });
}
