import { inSpan, type SpanAttributes, type Trace } from "../core/telemetry.ts";
import type { RedisClient, RedisScript } from "./redis.ts";
import type { RedisTarget } from "./redis_target.ts";

/**
 * What all spans of one Redis say, by OpenTelemetry's conventions. With Sentinels the server is
 * whichever they name, so that none is given.
 */
export function redisAttributes(target: RedisTarget): SpanAttributes {
  if (target.kind === "sentinel") {
    return { "db.system.name": "redis", "db.namespace": String(target.database ?? 0) };
  }
  const { hostname, port, pathname } = new URL(target.url);
  return {
    "db.system.name": "redis",
    "db.namespace": pathname.slice(1) || "0",
    "server.address": hostname,
    "server.port": Number(port || 6379),
  };
}

/** Runs a script within a span of its own; its keys and arguments are not in it. */
export function traceScript<T>(
  trace: Trace,
  script: { readonly name: string; readonly attributes: SpanAttributes },
  run: () => Promise<T>,
): Promise<T> {
  const { name, attributes } = script;
  const span = trace.begin(name, {
    kind: "client",
    attributes: { ...attributes, "db.operation.name": "EVALSHA", "db.query.summary": name },
  });
  return inSpan(span, run);
}

/** A client whose scripts run for somebody whose trace they are to be in. */
export function tracedRedis(
  redis: Pick<RedisClient, "run">,
  trace: Trace,
): Pick<RedisClient, "run"> {
  return { run: (script: RedisScript, options) => redis.run(script, { ...options, trace }) };
}
