import type { Fetch } from "./app.ts";
import type { StatementHandler } from "./statement_routes.ts";

const QUERY = "/v1/query/";
const EXEC = "/v1/exec/";
/** What a statement's name is made of; anything else is for the router to read. */
const NAME = /^[\w.-]+$/;

/**
 * Answers `GET /v1/query/{statement}` and `POST /v1/exec/{statement}` without the router, which costs
 * as much as all else that a hit of a cache does; every other request goes to `others`.
 */
export function hotPath(parts: {
  readonly query: StatementHandler;
  readonly exec: StatementHandler;
  /** Makes an answer of an error. */
  readonly failed: (error: unknown, request: Request) => Response;
  readonly others: Fetch;
}): Fetch {
  const { query, exec, failed, others } = parts;
  return (request) => {
    const reads = request.method === "GET";
    if (!reads && request.method !== "POST") return others(request);
    const name = statementOf(request.url, reads ? QUERY : EXEC);
    if (name === undefined) return others(request);
    try {
      const answer = reads ? query(request, name) : exec(request, name);
      return answer instanceof Promise
        ? answer.catch((error: unknown) => failed(error, request))
        : answer;
    } catch (error) {
      return failed(error, request);
    }
  };
}

function statementOf(url: string, prefix: string): string | undefined {
  const path = url.indexOf("/", url.indexOf("://") + 3);
  if (path < 0 || !url.startsWith(prefix, path)) return undefined;
  const mark = url.indexOf("?", path);
  const name = url.slice(path + prefix.length, mark < 0 ? undefined : mark);
  return NAME.test(name) ? name : undefined;
}
