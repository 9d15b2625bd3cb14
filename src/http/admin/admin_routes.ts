import type { Env, Hono } from "hono";
import { hasTag } from "../statement_routes.ts";
import { type AdminFile, adminFiles } from "./admin_files.ts";

/** What a page of the operator may do: run its own scripts, and call its own origin. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

/**
 * Adds `GET /admin`, the operator's page, and the files that it is made of. They are open to all: a
 * page without data, which asks for a key and calls the service with it. They are read on the first
 * request for any of them, and kept.
 */
export function registerAdmin<E extends Env>(app: Hono<E>): void {
  let files: Promise<ReadonlyMap<string, AdminFile>> | undefined;
  const read = async () => {
    files ??= adminFiles();
    try {
      return await files;
    } catch (error) {
      files = undefined;
      throw error;
    }
  };
  // The page's own addresses are relative, and so is this: a proxy may have put it elsewhere.
  app.get("/admin/", () => new Response(null, { status: 308, headers: { location: "../admin" } }));
  app.get("/admin", async (c) => respond((await read()).get("shell.html"), c.req.raw));
  app.get("/admin/:file{[a-z_]+\\.(css|js)}", async (c) => {
    const file = (await read()).get(c.req.param("file"));
    return file === undefined ? c.notFound() : respond(file, c.req.raw);
  });
}

function respond(file: AdminFile | undefined, request: Request): Response {
  if (file === undefined) throw new Error("Cannot show the operator's page: it must have a shell");
  const { body, type, etag } = file;
  const headers = {
    "content-type": type,
    "content-security-policy": POLICY,
    "cache-control": "no-cache",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    etag,
  };
  return hasTag(request.headers.get("if-none-match"), etag)
    ? new Response(null, { status: 304, headers })
    : new Response(body, { headers });
}
