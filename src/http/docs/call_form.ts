import { html } from "hono/html";
import type { Markup } from "./markup.ts";
import type { Endpoint, Field } from "./reference.ts";
import { formKind, typeText } from "./schema_text.ts";

/**
 * The fields that make up a call, its curl line, which the script fills in, and its answer.
 *
 * It is no `<form>`: Chromium took 8 s to show 300 of them, and 0.4 s without (its autofill looks
 * at each form again for each).
 */
export function callForm(endpoint: Endpoint): Markup {
  const { id, title, path, methods, fields, headers, example } = endpoint;
  return html`
    <div class="call" role="group" aria-label="Call ${title}" data-path="${path}">
      <div class="bar">
        ${methods.length > 1
          ? html`<span class="switch">${
            methods.map((method, index) =>
              html`<label><input class="method" type="radio" name="${id}--method" value="${method}" ${
                index === 0 ? "checked" : ""
              }><span>${method}</span></label>`
            )
          }</span>`
          : html`<span class="verb">${
            methods[0]
          }</span><input class="method" type="hidden" value="${methods[0]}">`}
        <code class="path">${path}</code>
      </div>
      ${fields.length === 0 ? "" : html`<div class="fields">${fields.map((f) => row(id, f))}</div>`}
      ${headers.length === 0 ? "" : html`
        <details class="headers">
          <summary>Headers</summary>
          <div class="fields">${headers.map((field) => row(id, field))}</div>
        </details>
      `}
      <div class="curl">
        <pre tabindex="0" aria-label="curl line"><code class="line"></code></pre>
      </div>
      <div class="go">
        <button type="button" class="send" title="Enter">Send</button>
        <button type="button" class="copy">Copy curl</button>
        <output class="state" aria-live="polite"></output>
      </div>
      <dl class="answer-headers" hidden></dl>
      <pre class="json answer" tabindex="0" aria-label="Answer" hidden></pre>
      ${example === undefined ? "" : html`
        <details class="example" open>
          <summary>Example answer</summary>
          <pre class="json" tabindex="0">${JSON.stringify(example)}</pre>
        </details>
      `}
    </div>
  `;
}

function row(endpoint: string, field: Field): Markup {
  const id = `${endpoint}--${field.name}`;
  const wide = field.where === "body" ? "wide" : "";
  return html`
    <label class="${wide}" for="${id}">${field.name}</label>
    <div class="${wide}">${input(id, field)}</div>
  `;
}

function input(id: string, field: Field): Markup {
  const { name, where, schema, required, value, postOnly } = field;
  const kind = formKind(schema);
  const shown = value === undefined ? "" : asText(kind, value);
  const choices = kind === "boolean" ? [true, false] : schema["enum"];
  const common = html`id="${id}" data-name="${name}" data-where="${where}" data-kind="${kind}"
    data-required="${String(required)}" data-post-only="${String(postOnly)}"`;
  if (Array.isArray(choices)) {
    const options = choices.filter((choice) => choice !== null).map(String);
    return html`<select ${common}>${required ? "" : html`<option value="">(default)</option>`}${
      options.map((option) =>
        html`<option ${option === shown ? "selected" : ""}>${option}</option>`
      )
    }</select>`;
  }
  if (kind === "json") {
    const rows = Math.min(12, shown.split("\n").length);
    return html`<textarea ${common} rows="${rows}" spellcheck="false">${shown}</textarea>`;
  }
  const fallback = schema["default"];
  const placeholder = fallback === undefined ? typeText(schema) : String(fallback);
  const secret = schema["writeOnly"] === true;
  return html`
    <input ${common} type="${secret ? "password" : "text"}" value="${shown}"
      placeholder="${placeholder}" spellcheck="false" autocapitalize="off">
  `;
}

function asText(kind: string, value: unknown): string {
  if (kind === "json") return JSON.stringify(value, undefined, 2);
  return Array.isArray(value) ? value.join(", ") : String(value);
}
