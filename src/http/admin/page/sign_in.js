// @ts-check
/// <reference lib="dom" />
// Asks for a key.

import { byId, set, setText } from "./dom.js";
import { dropKey, keepKey } from "./session.js";

/** @param {() => void} onKey called when a key was given */
export function signIn(onKey) {
  const form = /** @type {HTMLFormElement} */ (byId("sign-in-form"));
  const input = /** @type {HTMLInputElement} */ (byId("sign-in-key"));
  const said = byId("sign-in-said");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const key = input.value.trim();
    // What a header cannot carry is no key.
    if (!/^[\x21-\x7e]+$/.test(key)) {
      setText(said, "A key has letters, digits and marks, without spaces.");
      return;
    }
    keepKey(key);
    input.value = "";
    setText(said, "");
    onKey();
  });
  return {
    /**
     * Forgets the key and asks for another.
     *
     * @param {string} [why]
     */
    show(why = "") {
      dropKey();
      showFleet(false);
      setText(said, why);
      input.focus();
    },
  };
}

/**
 * Shows the fleet, or what asks for a key in its place.
 *
 * @param {boolean} there
 */
export function showFleet(there) {
  set(byId("sign-in"), { hidden: there });
  for (const id of ["fleet", "sections", "sign-out", "link-state"]) {
    set(byId(id), { hidden: !there });
  }
}
