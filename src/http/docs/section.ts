import { html } from "hono/html";
import { callForm } from "./call_form.ts";
import { inline, type Markup, prose } from "./markup.ts";
import type { Endpoint } from "./reference.ts";
import { limitsText, typeText } from "./schema_text.ts";

/** The section of one endpoint: what it takes and answers, and a form to try it. */
export function section(endpoint: Endpoint): Markup {
  const { id, title, summary, description, fields, answer, errors, facts, scope } = endpoint;
  const unavailable = facts?.["available"] === false;
  const words = [title, summary, ...fields.map(({ name }) => name)].join(" ").toLowerCase();
  return html`
    <section class="endpoint" id="${id}" data-words="${words}">
      <div class="about">
        <h3><a href="#${id}">${title}</a>${badge(endpoint)}${unavailable
          ? html`<span class="badge off">unavailable</span>`
          : ""}</h3>
        <p class="summary">${inline(summary)}</p>
        <div class="prose">${prose(description)}</div>
        ${scope === undefined
          ? ""
          : html`<p class="scope">Needs the scope <code>${scope}</code></p>`}
        ${fields.length === 0 ? "" : html`<h4>Parameters</h4>${parameters(endpoint)}`}
        ${answer.length === 0 ? "" : html`<h4>Answer</h4>${members(endpoint)}`}
        ${errors.length === 0 ? "" : html`
          <h4>Errors</h4>
          <ul class="errors">${errors.map(({ status, codes }) =>
            html`<li><b>${status}</b>${
              codes.map((code) => html`<a href="#error-${code}">${code}</a>`)
            }</li>`
          )}</ul>
        `}
      </div>
      <div class="try">${callForm(endpoint)}</div>
    </section>
  `;
}

/** What a statement does, and the method of the rest. */
export function badge({ facts, methods }: Endpoint): Markup {
  if (facts === undefined) return html`<span class="badge">${methods[0]}</span>`;
  return facts["kind"] === "exec"
    ? html`<span class="badge write">write</span>`
    : html`<span class="badge read">${facts["kind"] === "one" ? "one" : "many"}</span>`;
}

function parameters({ fields }: Endpoint): Markup {
  return html`<table>${
    fields.map(({ name, required, schema, description }) =>
      html`
        <tr>
          <th scope="row"><code>${name}</code>${required
            ? html`<span class="required">required</span>`
            : ""}</th>
          <td><span class="type">${typeText(schema)}</span>${limitsText(schema).map((limit) =>
            html`<span class="limit">${limit}</span>`
          )}${description === "" ? "" : html`<div>${inline(description)}</div>`}</td>
        </tr>
      `
    )
  }</table>`;
}

function members({ answer }: Endpoint): Markup {
  return html`<table>${
    answer.map(({ path, schema }) => {
      const description = schema["description"];
      return html`
        <tr>
          <th scope="row"><code>${path}</code></th>
          <td><span class="type">${typeText(schema)}</span>${typeof description === "string"
            ? html`<div>${inline(description)}</div>`
            : ""}</td>
        </tr>
      `;
    })
  }</table>`;
}
