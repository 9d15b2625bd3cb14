import { html } from "hono/html";

/** Escaped HTML. */
export type Markup = ReturnType<typeof html>;

/** Paragraphs, `code` and **emphasis** of a description; everything else is text. */
export function prose(text: string): Markup {
  const paragraphs = text.split(/\n\s*\n/).filter((paragraph) => paragraph.trim() !== "");
  return html`${paragraphs.map((paragraph) => html`<p>${inline(paragraph)}</p>`)}`;
}

/** `code` and **emphasis** within a line. */
export function inline(text: string): Markup {
  return html`${
    text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part, index) => {
      if (index % 2 === 0) return part;
      return part.startsWith("`")
        ? html`<code>${part.slice(1, -1)}</code>`
        : html`<strong>${part.slice(2, -2)}</strong>`;
    })
  }`;
}
