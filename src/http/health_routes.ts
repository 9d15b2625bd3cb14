import type { Context } from "hono";
import type { TopologyView } from "../routing/topology_view.ts";

/** Where the service stands in its life, and what it knows of its neighbours. */
export interface Readiness {
  readonly phase: () => "starting" | "serving" | "stopping";
  readonly redisUp: () => boolean;
}

/** `GET /livez`: the isolate answers at all. */
export function getLive(): (c: Context) => Response {
  return () => plainJson(200, { status: "ok" });
}

/**
 * `GET /readyz`: 503 while starting, while stopping, and when no shard can be reached; one shard
 * or Redis down is 200 with `degraded`.
 */
export function getReady(
  options: { readonly readiness: Readiness; readonly view: TopologyView },
): (c: Context) => Response {
  const { readiness, view } = options;
  return () => {
    const phase = readiness.phase();
    const shards = Object.fromEntries(
      view.snapshot().shards.map((shard) => [
        shard.name,
        shard.nodes.some((node) => node.up) ? shard.status === "ok" ? "ok" : shard.status : "down",
      ]),
    );
    const states = Object.values(shards);
    const reachable = states.some((state) => state !== "down" && state !== "unknown");
    const redis = readiness.redisUp() ? "ok" : "down";
    const ready = phase === "serving" && reachable;
    const degraded = ready && (redis === "down" || states.some((state) => state !== "ok"));
    const status = ready ? degraded ? "degraded" : "ok" : "unavailable";
    return plainJson(ready ? 200 : 503, {
      status,
      degraded,
      checks: { phase, shards, redis },
    });
  };
}

function plainJson(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      "content-type": "application/json",
      "cache-control": "no-store",
      ...(status === 503 ? { "retry-after": "1" } : {}),
    },
  });
}
