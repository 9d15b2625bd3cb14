import { inSpan, type SpanAttributes, type Trace } from "../core/telemetry.ts";
import { SqlError } from "../drivers/mysql.ts";
import type { ResolvedPoolConfig } from "./connection_pool_config.ts";

/*
 * A pool's spans, by the database conventions of OpenTelemetry. Neither SQL nor values are in them: a
 * statement's name says which text it is.
 */

/** What all spans of one pool say. */
export function poolAttributes(
  { name, shard, target }: Pick<ResolvedPoolConfig, "name" | "shard" | "target">,
): SpanAttributes {
  return {
    "db.namespace": target.database,
    "server.address": target.socketPath ?? target.host,
    "server.port": target.socketPath === undefined ? target.port : undefined,
    "realmgate.shard": shard,
    "realmgate.node": name,
  };
}

/** Asks for a connection within a span; what is there at once comes without a promise here too. */
export function traceWait<Asked extends { readonly label: string }, T>(
  trace: Trace,
  wait: {
    readonly pool: Pick<ResolvedPoolConfig, "name" | "shard">;
    /** What is waited for; its label is the statement's name. */
    readonly asked: Asked;
  },
  acquire: (asked: Asked) => T | Promise<T>,
): T | Promise<T> {
  const { pool: { name, shard }, asked } = wait;
  const span = trace.begin("pool wait", {
    attributes: {
      "db.client.connection.pool.name": name,
      "realmgate.shard": shard,
      "realmgate.node": name,
      "realmgate.statement": asked.label,
    },
  });
  try {
    const lent = acquire(asked);
    if (lent instanceof Promise) return inSpan(span, () => lent);
    span.end();
    return lent;
  } catch (error) {
    span.fail(error);
    span.end();
    throw error;
  }
}

/** A command, as its span tells of it. */
export interface TracedCommand {
  readonly sql: string;
  /** The name of the statement that it is run for. */
  readonly statement: string;
  /** What it is where it is not the statement itself. */
  readonly aside: string | undefined;
  /** Of its connection. */
  readonly attributes: SpanAttributes;
}

const OPERATION = /^[\s(]*(\w+)/;

/** Runs a command within a span of its own. */
export function traceCommand<T>(
  trace: Trace,
  command: TracedCommand,
  run: () => Promise<T>,
): Promise<T> {
  const { sql, statement, aside, attributes } = command;
  const summary = aside ?? statement;
  const span = trace.begin(summary, {
    kind: "client",
    attributes: {
      ...attributes,
      "db.operation.name": aside ?? OPERATION.exec(sql)?.[1]?.toUpperCase(),
      "db.query.summary": summary,
      "realmgate.statement": statement,
    },
  });
  return inSpan(span, () =>
    run().catch((error: unknown) => {
      if (error instanceof SqlError && error.errno > 0) {
        span.set({ "db.response.status_code": String(error.errno) });
      }
      throw error;
    }));
}
