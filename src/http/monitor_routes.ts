import type { Context } from "hono";
import type { FleetView, ProcessReport } from "../monitor/fleet_view.ts";
import type { Parts } from "./parts.ts";
import { authorize, jsonAnswer } from "./plain_call.ts";

/** A part of what is known of the fleet, as one of `/v1/monitor/…` answers it. */
type Section = (view: FleetView) => Record<string, unknown>;

/** `GET /v1/monitor/health`: every database server, process and isolate. */
export const health: Section = ({ processes, shards, nodes }) => ({
  shards: shards.map(({ name, status, primary, epoch, why }) => ({
    name,
    status,
    primary,
    epoch,
    why: why ?? null,
  })),
  nodes,
  processes: processes.map(({ isolates, ...process }) => ({
    ...process,
    isolates: isolates.map(({ name, at, startedAt, requests, heapBytes }) => ({
      name,
      at,
      startedAt,
      requests,
      heapBytes,
    })),
  })),
});

/** `GET /v1/monitor/queries`: every statement on every shard, and calls that took long. */
export const queries: Section = ({ statements, slow }) => ({ statements, slow });

/** `GET /v1/monitor/alerts`: what is raised, and what was cleared in the last hour. */
export const alerts: Section = ({ alerts }) => ({ alerts });

/** `GET /v1/monitor/pools`: the pools of every isolate, and each node's together. */
export const pools: Section = ({ processes }) => ({ pools: poolsByNode(processes) });

/** Answers a part of what is known of the fleet, with when that was and of whom it speaks. */
export function getMonitor(parts: Parts, section: Section): (c: Context) => Promise<Response> {
  return async (c) => {
    const request = c.req.raw;
    authorize(parts, request, "read");
    const view = await parts.monitor.fleet();
    const { at, fleet, scope } = view;
    return jsonAnswer(200, { at, fleet, scope, ...section(view) }, request.headers);
  };
}

function poolsByNode(processes: readonly ProcessReport[]): Record<string, unknown>[] {
  const pools = processes.flatMap(({ id, state, isolates }) =>
    isolates.flatMap(({ name, pools }) =>
      pools.map((stats) => ({ process: id, state, isolate: name, stats }))
    )
  );
  return [...Map.groupBy(pools, ({ stats }) => stats.name)].map(([node, all]) => {
    const alive = all.filter(({ state }) => state === "alive").map(({ stats }) => stats);
    const sum = (of: (stats: (typeof alive)[number]) => number) =>
      alive.reduce((total, stats) => total + of(stats), 0);
    return {
      node,
      max: sum(({ max }) => max),
      connecting: sum(({ connecting }) => connecting),
      idle: sum(({ idle }) => idle),
      inUse: sum(({ inUse }) => inUse),
      validating: sum(({ validating }) => validating),
      waiting: sum(({ waiting }) => waiting),
      isolates: all.map(({ process, isolate, stats: { name: _, ...stats } }) => ({
        process,
        isolate,
        ...stats,
      })),
    };
  });
}
