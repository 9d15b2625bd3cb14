const SPACE = /[ \t\n\r]*/y;
const SCALAR_END = /[,}\] \t\n\r]|$/g;
const STRUCTURE = /["{}[\]]/g;

/**
 * A member of a JSON object as its text was sent: numbers of any size and precision stay what they
 * are, which parsing and printing would not leave them. Of a member that stands there twice it is the
 * last, as with `JSON.parse`.
 *
 * @param text valid JSON
 * @returns `undefined` where it is no object, or has no such member
 *
 * @example
 * ```ts
 * import { rawMember } from "./raw_member.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(rawMember('{"value": 9007199254740993, "ttlMs": 5}', "value"), "9007199254740993");
 * ```
 */
export function rawMember(text: string, name: string): string | undefined {
  let at = skipSpace(text, 0);
  if (text[at] !== "{") return undefined;
  at = skipSpace(text, at + 1);
  let found: string | undefined;
  while (text[at] === '"') {
    const nameEnd = stringEnd(text, at);
    const start = skipSpace(text, skipSpace(text, nameEnd) + 1);
    const end = valueEnd(text, start);
    if (JSON.parse(text.slice(at, nameEnd)) === name) found = text.slice(start, end);
    at = skipSpace(text, end);
    if (text[at] === ",") at = skipSpace(text, at + 1);
  }
  return found;
}

function valueEnd(text: string, start: number): number {
  switch (text[start]) {
    case '"':
      return stringEnd(text, start);
    case "{":
    case "[":
      return structureEnd(text, start);
    default:
      return next(SCALAR_END, text, start);
  }
}

/** Without recursion: a text can be nested deeper than a stack is. */
function structureEnd(text: string, start: number): number {
  let depth = 0;
  let at = start;
  do {
    at = next(STRUCTURE, text, at);
    if (text[at] === '"') {
      at = stringEnd(text, at);
      continue;
    }
    depth += text[at] === "{" || text[at] === "[" ? 1 : -1;
    at++;
  } while (depth > 0);
  return at;
}

/** Where a string that begins at `start` ends, past its quote. */
function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}

function skipSpace(text: string, at: number): number {
  SPACE.lastIndex = at;
  SPACE.test(text);
  return SPACE.lastIndex;
}

function next(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return pattern.exec(text)?.index ?? text.length;
}
