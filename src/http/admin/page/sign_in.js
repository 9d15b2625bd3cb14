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
      showStage("sign-in");
      setText(said, why);
      input.focus();
    },
  };
}

/**
 * Shows what asks for a key, or the fleet once there is one to show. Until then the head of the page
 * says how it stands, and offers to sign out.
 *
 * @param {"sign-in" | "connecting" | "fleet"} stage
 */
export function showStage(stage) {
  set(byId("sign-in"), { hidden: stage !== "sign-in" });
  for (const id of ["sign-out", "link-state"]) set(byId(id), { hidden: stage === "sign-in" });
  for (const id of ["fleet", "sections"]) set(byId(id), { hidden: stage !== "fleet" });
}
