import { createHash } from "node:crypto";
import { html, raw } from "hono/html";
import type { Schema } from "../openapi/scalar_schema.ts";
import baseStyle from "./base.css" with { type: "text" };
import callStyle from "./call.css" with { type: "text" };
import callScript from "./call_script.js" with { type: "text" };
import frameStyle from "./frame.css" with { type: "text" };
import { inline, type Markup, prose } from "./markup.ts";
import navigationScript from "./navigation_script.js" with { type: "text" };
import { type Endpoint, Reference } from "./reference.ts";
import sectionStyle from "./section.css" with { type: "text" };
import { badge, section } from "./section.ts";

const STYLE = baseStyle + frameStyle + sectionStyle + callStyle;

/** A page and the policy that it must be served with. */
export interface DocsPage {
  /** The whole page. */
  readonly html: string;
  /** `Content-Security-Policy`: what stands in the page itself, and calls to its own origin. */
  readonly policy: string;
}

/**
 * The reference page of an OpenAPI document that {@linkcode openApiDocument} made: one document
 * that loads nothing, neither from elsewhere nor from its own origin.
 */
export async function docsPage(document: Schema): Promise<DocsPage> {
  const hash = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  return {
    html: String(await layout(new Reference(document))),
    policy: [
      "default-src 'none'",
      `style-src ${hash(STYLE)}`,
      `script-src ${hash(navigationScript)} ${hash(callScript)}`,
      "connect-src 'self'",
      "img-src data:",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join("; "),
  };
}

function layout(reference: Reference): Markup {
  const { title, version, description } = reference.info;
  const groups = reference.groups();
  return html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <link rel="icon" href="data:,">
        <title>${title} reference</title>
        <style>${raw(STYLE)}</style>
      </head>
      <body>
        <header class="top">
          <a class="brand"
            href="#page-top">${mark()}<span>${title}</span><small>${version}</small></a>
          <label class="search"><span class="unseen">Search</span>
        <input id="page-search" type="search" placeholder="Search statements and routes" spellcheck="false"
          autocomplete="off"><kbd>/</kbd></label>
          <label class="key"><span class="unseen">API key</span>
        <input id="page-key" type="password" placeholder="API key" autocomplete="off" spellcheck="false"
          title="Kept in this tab only"></label>
          <a class="plain" href="admin">Operations</a>
          <a class="plain" href="openapi.json">openapi.json</a>
          <button id="page-theme" type="button" title="Light or dark"
            aria-label="Light or dark"></button>
        </header>
        <nav aria-label="Endpoints">
      <a class="entry" href="#page-top">Overview</a>
      <a class="entry" href="#page-errors">Errors</a>
      ${groups.map(({ tag, endpoints }) =>
        html`<div class="group"><h2>${tag["name"]}</h2>${endpoints.map(entry)}</div>`
      )}
      <p class="none" hidden>Nothing matches.</p>
        </nav>
        <main>
      <section class="intro" id="page-top">
        <h1>${title}</h1>
        <div class="prose">${prose(String(description))}</div>
        <noscript><p class="notice">Without scripts the forms and curl lines below do nothing.</p></noscript>
      </section>
      ${groups.map(({ tag, endpoints }) =>
        html`<div class="group"><h2 class="tag">${tag["name"]}<small>${
          inline(String(tag["description"] ?? ""))
        }</small></h2>${endpoints.map(section)}</div>`
      )}
      <section class="intro" id="page-errors">
        <h2>Errors</h2>
        <table>${reference.codes().map(({ code, status, text }) =>
          html`
            <tr id="error-${code}">
              <th scope="row"><b>${status}</b> <code>${code}</code></th>
              <td>${inline(text)}</td>
            </tr>
          `
        )}</table>
      </section>
        </main>
        <script type="module">${raw(navigationScript)}</script>
        <script type="module">${raw(callScript)}</script>
      </body>
    </html>
  `;
}

function entry(endpoint: Endpoint): Markup {
  return html`<a class="entry" href="#${endpoint.id}"><span>${endpoint.title}</span>${
    badge(endpoint)
  }</a>`;
}

/** A gate: two posts and an arch. */
function mark(): Markup {
  return html`
    <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
      <path d="M4 21V11a8 8 0 0 1 16 0v10M9 21v-9a3 3 0 0 1 6 0v9" fill="none" stroke="currentColor"
        stroke-width="2.4" stroke-linecap="round" />
    </svg>
  `;
}
