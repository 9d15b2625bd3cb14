// @ts-check
/// <reference lib="dom" />
// The API key: of this tab alone, and gone with it.

/** The page of reference keeps its key under the same name. */
const NAME = "realmgate-key";

/** The key that was given, or `null`. */
export function keyOf() {
  return sessionStorage.getItem(NAME);
}

/** @param {string} key */
export function keepKey(key) {
  sessionStorage.setItem(NAME, key);
}

/** Forgets the key. */
export function dropKey() {
  sessionStorage.removeItem(NAME);
}
