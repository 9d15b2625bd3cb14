// @ts-check
/// <reference lib="dom" />
// Asks before something is done: says what will happen, does it, and says what came out.

import { Problem } from "./api.js";
import { openDialog } from "./dialog.js";
import { h, set, setText } from "./dom.js";

/** @typedef {{ name: string, label: string, hint?: string }} Field */

/** What was asked about is not so any more, and nothing was done. */
export class Changed extends Error {
  /**
   * @param {string} message
   * @param {Node} [shown] what would be done now, if it is confirmed; without it nothing can be
   */
  constructor(message, shown) {
    super(message);
    this.name = "Changed";
    this.shown = shown;
  }
}

/**
 * Asks, does it once that is confirmed, and cannot be closed meanwhile.
 *
 * @param {{
 *   title: string,
 *   says: readonly string[],
 *   verb: string,
 *   danger?: boolean,
 *   fields?: readonly Field[],
 *   prepare?: () => Promise<Node>,
 *   act: (values: Record<string, string>) => Promise<string | Node>,
 * }} options `prepare` finds out what will happen; nothing can be done before it has. `act` may throw
 *   {@linkcode Changed}
 */
export function ask({ title, says, verb, danger = false, fields = [], prepare, act }) {
  let busy = false;
  const { body, foot, close, dialog, hold } = openDialog({ title });
  const inputs = fields.map(({ name, label, hint }) => {
    const input = h("input", {
      name,
      type: "text",
      required: true,
      spellcheck: "false",
      autocomplete: "off",
      autocapitalize: "off",
    });
    const help = hint ? h("small", { text: hint }) : null;
    return {
      name,
      input,
      element: h("label", { class: "field" }, h("span", { text: label }), input, help),
    };
  });
  const result = h("div", { class: "result", role: "status", "aria-live": "polite" });
  const cancel = h("button", { type: "button", text: "Cancel", click: close });
  const confirm = h("button", { type: "submit", class: danger ? "danger" : "primary", text: verb });
  const form = h(
    "form",
    {
      submit: (/** @type {Event} */ event) => {
        event.preventDefault();
        void run();
      },
    },
    ...says.map((text) => h("p", { text })),
    ...inputs.map(({ element }) => element),
    result,
  );
  set(form, { id: `${dialog.getAttribute("aria-labelledby")}-form` });
  set(confirm, { form: form.id });
  body.append(form);
  foot.append(cancel, confirm);
  // What cannot be undone by itself is not what Enter does at once.
  const first = inputs[0]?.input ?? cancel;
  first.focus();
  if (prepare) void work(prepare, "Looking what would be done…");

  async function run() {
    if (busy) return;
    const values = Object.fromEntries(inputs.map(({ name, input }) => [name, input.value.trim()]));
    hold(true);
    set(cancel, { disabled: true });
    const done = await work(() => act(values), "At work…");
    hold(false);
    set(cancel, { disabled: false });
    if (!done) return first.focus();
    confirm.remove();
    setText(cancel, "Close");
    cancel.focus();
  }

  /**
   * @param {() => Promise<string | Node>} what
   * @param {string} meanwhile
   * @returns {Promise<boolean>} whether it went well
   */
  async function work(what, meanwhile) {
    busy = true;
    set(confirm, { disabled: true });
    set(result, { class: "result" });
    setText(result, meanwhile);
    try {
      result.replaceChildren(await what());
      set(result, { class: what === prepare ? "result" : "result good" });
      set(confirm, { disabled: false });
      return true;
    } catch (error) {
      set(result, { class: "result bad" });
      setText(result, sentence(error));
      if (error instanceof Changed && error.shown) result.append(error.shown);
      // What cannot be looked at, or is not there any more, must not be done.
      const over = what === prepare || (error instanceof Changed && !error.shown);
      set(confirm, { disabled: over });
      return false;
    } finally {
      busy = false;
    }
  }
}

/**
 * What went wrong, for people.
 *
 * @param {unknown} error
 */
export function sentence(error) {
  if (error instanceof Changed) return error.message;
  if (!(error instanceof Problem)) return "Something went wrong in this page.";
  return error.status === 403
    ? `${error.message}. Sign in with a key that has it.`
    : `${error.message} (${error.code})`;
}
