import type { Context, Hono, Next } from "hono";
import { registerDocs } from "./docs/register_docs.ts";
import { openApiDocument } from "./openapi/document.ts";
import type { Parts } from "./parts.ts";

/**
 * `GET /openapi.json` and `GET /docs`, made from the registry anew only when it has changed. They
 * are open or ask for a key, as configured.
 */
export function registerReference(app: Hono, parts: Parts): void {
  const { optimizer, version, openDocs, authenticator } = parts;
  type Document = ReturnType<typeof openApiDocument>;
  let made: { readonly version: number; readonly document: Document } | undefined;
  const openapi = () => {
    if (made?.version !== optimizer.version) {
      const document = openApiDocument({ statements: optimizer.list(), version });
      made = { version: optimizer.version, document };
    }
    return made.document;
  };
  const guard = async (c: Context, next: Next) => {
    if (!openDocs) authenticator.authenticate(c.req.header("authorization") ?? null);
    await next();
  };
  app.use("/openapi.json", guard);
  app.use("/docs", guard);
  app.get("/openapi.json", (c) => c.json(openapi(), 200, { "cache-control": "no-cache" }));
  registerDocs(app, { openapi });
}
