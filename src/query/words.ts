/**
 * Splits the text of an annotation at its spaces, but not inside brackets or double quotes:
 * `price decimal(10, 2) default="a b"` is three words. Quotes are dropped, what they hold stays;
 * inside brackets they stay too, so that `example={"a": 1}` is JSON.
 *
 * @example
 * ```ts
 * import { splitWords } from "./words.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(splitWords('price decimal(10, 2) default="a b"'), [
 *   "price",
 *   "decimal(10, 2)",
 *   "default=a b",
 * ]);
 * ```
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let depth = 0;
  let quoted = false;
  for (const character of text) {
    if (character === '"') {
      quoted = !quoted;
      word = (word ?? "") + (depth > 0 ? character : "");
      continue;
    }
    if (!quoted) {
      if ("([{".includes(character)) depth++;
      if (")]}".includes(character)) depth--;
      if (depth <= 0 && /\s/.test(character)) {
        if (word !== undefined) words.push(word);
        word = undefined;
        continue;
      }
    }
    word = (word ?? "") + character;
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** Splits `a, b,c` at its commas, but not inside parentheses or double quotes, which stay. */
export function splitCommas(text: string): string[] {
  const parts: string[] = [];
  let part = "";
  let depth = 0;
  let quoted = false;
  for (const character of text) {
    if (character === '"') quoted = !quoted;
    if (!quoted && character === "(") depth++;
    if (!quoted && character === ")") depth--;
    if (character === "," && depth === 0 && !quoted) {
      parts.push(part.trim());
      part = "";
    } else part += character;
  }
  parts.push(part.trim());
  return parts;
}

/** `key=value` as its two halves, or `undefined` where there is no `=`. */
export function splitOption(word: string): readonly [string, string] | undefined {
  const equals = word.indexOf("=");
  return equals <= 0 ? undefined : [word.slice(0, equals), word.slice(equals + 1)];
}
