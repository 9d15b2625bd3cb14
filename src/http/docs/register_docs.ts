import type { Env, Hono } from "hono";
import type { Schema } from "../openapi/scalar_schema.ts";
import type { DocsPage } from "./page.ts";

/**
 * Adds `GET /docs`, the reference page of what `openapi` answers. Nothing of the page is loaded
 * before the first request for it, and a page is built once per document object, so `openapi`
 * should answer the same object as long as the registry stays. Whether a key is needed is for a
 * middleware before it to say.
 *
 * @example
 * ```ts
 * import { Hono } from "hono";
 * import { openApiDocument } from "../openapi/document.ts";
 * import { registerDocs } from "./register_docs.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const app = new Hono();
 * const document = openApiDocument({ statements: [], version: "1.2.3" });
 * registerDocs(app, { openapi: () => document });
 * assertEquals((await app.request("/docs")).status, 200);
 * ```
 */
export function registerDocs<E extends Env>(
  app: Hono<E>,
  options: { readonly openapi: () => Schema },
): void {
  const pages = new WeakMap<Schema, Promise<DocsPage>>();
  app.get("/docs", async () => {
    const document = options.openapi();
    let page = pages.get(document);
    if (page === undefined) {
      page = import("./page.ts").then(({ docsPage }) => docsPage(document));
      pages.set(document, page);
    }
    const { html, policy } = await page;
    return new Response(html, {
      headers: {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": policy,
        "cache-control": "private, no-cache",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
      },
    });
  });
}
