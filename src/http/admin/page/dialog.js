// @ts-check
/// <reference lib="dom" />
// Dialogs over the page: they hold the focus, close with Escape, and give the focus back.

import { h, set } from "./dom.js";

let ids = 0;

/**
 * Opens a dialog with a heading. While it is held, whoever looks at it cannot close it.
 *
 * @param {{ title: string, wide?: boolean, onClose?: () => void }} options
 * @returns {{
 *   body: HTMLElement, foot: HTMLElement, dialog: HTMLDialogElement, close: () => void,
 *   hold: (held: boolean) => void,
 * }}
 */
export function openDialog({ title, wide = false, onClose }) {
  const id = `dialog-${++ids}`;
  let held = false;
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
    if (event.target === dialog && !held) close();
  });
  dialog.addEventListener("cancel", (event) => {
    if (held) event.preventDefault();
  });
  document.body.append(dialog);
  dialog.showModal();
  return {
    body,
    foot,
    dialog,
    close,
    hold(now) {
      held = now;
      set(shut, { disabled: held });
      // A second Escape closes whatever prevents the first.
      set(dialog, { closedby: held ? "none" : null });
    },
  };
}
