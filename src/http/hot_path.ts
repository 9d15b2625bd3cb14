import type { Fetch } from "./app.ts";
import type { StatementHandler } from "./statement_routes.ts";

const PATH = "/v1/query/";
/** What a statement's name is made of; anything else is for the router to read. */
const NAME = /^[\w.-]+$/;

/**
 * Answers `GET /v1/query/{statement}` without the router, which costs as much as all else that a hit
 * of a cache does; every other request goes to `others`.
 */
export function hotPath(parts: {
  readonly query: StatementHandler;
  /** Makes an answer of an error. */
  readonly failed: (error: unknown, request: Request) => Response;
  readonly others: Fetch;
}): Fetch {
  const { query, failed, others } = parts;
  return (request) => {
    const name = request.method === "GET" ? statementOf(request.url) : undefined;
    if (name === undefined) return others(request);
    try {
      const answer = query(request, name);
      return answer instanceof Promise
        ? answer.catch((error: unknown) => failed(error, request))
        : answer;
    } catch (error) {
      return failed(error, request);
    }
  };
}

function statementOf(url: string): string | undefined {
  const path = url.indexOf("/", url.indexOf("://") + 3);
  if (path < 0 || !url.startsWith(PATH, path)) return undefined;
  const mark = url.indexOf("?", path);
  const name = url.slice(path + PATH.length, mark < 0 ? undefined : mark);
  return NAME.test(name) ? name : undefined;
}
