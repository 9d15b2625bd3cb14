// @ts-check
/// <reference lib="dom" />
// Dialogs over the page: they hold the focus, close with Escape, and give the focus back.

import { h } from "./dom.js";

let ids = 0;

/**
 * Opens a dialog with a heading.
 *
 * @param {{ title: string, wide?: boolean, onClose?: () => void }} options
 * @returns {{ body: HTMLElement, foot: HTMLElement, close: () => void, dialog: HTMLDialogElement }}
 */
export function openDialog({ title, wide = false, onClose }) {
  const id = `dialog-${++ids}`;
  const body = h("div", { class: "dialog-body" });
  const foot = h("footer");
  const shut = h("button", {
    type: "button",
    class: "icon",
    "aria-label": "Close",
    text: "✕",
    click: () => close(),
  });
  const dialog = h(
    "dialog",
    { "aria-labelledby": id, class: wide ? "wide" : null },
    h("header", {}, h("h2", { id, text: title, tabindex: -1 }), shut),
    body,
    foot,
  );
  const close = () => dialog.close();
  dialog.addEventListener("close", () => {
    dialog.remove();
    onClose?.();
  });
  // A press on what lies behind.
  dialog.addEventListener("mousedown", (event) => {
    if (event.target === dialog) close();
  });
  document.body.append(dialog);
  dialog.showModal();
  return { body, foot, close, dialog };
}
