import type { Context } from "hono";
import { matchedRoutes } from "hono/route";

/** The path of the route that a request is for, as it was registered; `undefined` where none is. */
export function matchedPath(c: Context): string | undefined {
  return matchedRoutes(c).findLast(({ path }) => !path.endsWith("*"))?.path;
}
