import type { HttpRequest } from "./kept_connection.ts";
import type { Route } from "./statements.ts";

/** The ways to ask for a read. */
export type ReadForm = "get" | "post" | "batch";
/** The ways to ask for a write. */
export type WriteForm = "exec" | "fenced" | "batch";

const JSON_BODY = { "content-type": "application/json" };
const AS_NUMBERS = { accept: "application/json; int64=number" };

/** Reads a key. */
export function readRequest(
  key: number,
  route: Route,
  options: {
    readonly form: ReadForm;
    /** Whether 64-bit integers are to come as numbers, which is another text of the same answer. */
    readonly asNumbers?: boolean;
    readonly strong?: boolean;
    /** What the client has already. */
    readonly etag?: string | undefined;
  },
): HttpRequest {
  const { form, asNumbers = false, strong = false, etag } = options;
  const params = route.params(key);
  const headers = {
    ...(strong ? { "realmgate-consistency": "strong" } : {}),
    ...(asNumbers ? AS_NUMBERS : {}),
    ...(etag === undefined ? {} : { "if-none-match": etag }),
  };
  switch (form) {
    case "get": {
      const query = Object.entries(params).map(([name, value]) => `${name}=${value}`).join("&");
      return { method: "GET", path: `/v1/query/${route.read}?${query}`, headers };
    }
    case "post":
      return post(`/v1/query/${route.read}`, { params }, headers);
    case "batch":
      return post("/v1/batch", { calls: [{ statement: route.read, params }] }, headers);
  }
}

/** Writes a key. A fence of one's own lets every write of its key pass, by way of a transaction. */
export function writeRequest(key: number, route: Route, form: WriteForm): HttpRequest {
  const params = route.change(key);
  const path = `/v1/exec/${route.write}`;
  switch (form) {
    case "exec":
      return post(path, { params });
    case "fenced":
      return post(path, { params }, { "realmgate-fence": `chaos-cache:${key}=1` });
    case "batch":
      return post("/v1/batch", { calls: [{ statement: route.write, params }] });
  }
}

/** Drops what caches have of a player. */
export function dropRequest(key: number): HttpRequest {
  return post("/v1/caches/players/invalidate", { tags: [`player:${key}`] });
}

function post(
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): HttpRequest {
  return {
    method: "POST",
    path,
    headers: { ...JSON_BODY, ...headers },
    body: JSON.stringify(body),
  };
}
