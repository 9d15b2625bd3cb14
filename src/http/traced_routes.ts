import type { MiddlewareHandler } from "hono";
import type { Span, Tracing } from "../core/telemetry.ts";
import { matchedPath } from "./matched_path.ts";
import type { StatementHandler } from "./statement_routes.ts";

/*
 * What requests' own spans say, which Deno makes: it knows neither routes nor statements. Deno adds the
 * status, and calls those of 500 and more errors; those below are the clients' mistakes.
 */

/** A handler that tells the request's span what it answered; itself where nobody traces. */
export function traceStatement(
  handler: StatementHandler,
  options: {
    readonly tracing: Tracing | undefined;
    readonly route: string;
    /** Whether there is a statement of this name: others are the client's own words. */
    readonly knows: (statement: string) => boolean;
  },
): StatementHandler {
  const { tracing, route, knows } = options;
  if (tracing === undefined) return handler;
  return (request, statement) => {
    const span = tracing.active();
    if (span === undefined) return handler(request, statement);
    nameRoute(span, request.method, route);
    if (knows(statement)) span.set({ "realmgate.statement": statement });
    const answer = handler(request, statement);
    return answer instanceof Promise
      ? answer.then((response) => describe(span, response))
      : describe(span, answer);
  };
}

/** The same for all other routes. */
export function traceRoutes(tracing: Tracing): MiddlewareHandler {
  return async (c, next) => {
    const span = tracing.active();
    const path = matchedPath(c);
    const known = span !== undefined && path !== undefined;
    if (known) nameRoute(span, c.req.method, path.replaceAll(/:(\w+)/g, "{$1}"));
    await next();
    if (known) describe(span, c.res);
  };
}

function nameRoute(span: Span, method: string, route: string): void {
  span.rename(`${method} ${route}`);
  span.set({ "http.route": route });
}

/** Where an answer came from: a cache, a replica, … */
function describe(span: Span, response: Response): Response {
  span.set({
    "realmgate.source": response.headers.get("realmgate-source") ?? undefined,
    "realmgate.shard": response.headers.get("realmgate-shard") ?? undefined,
  });
  return response;
}
