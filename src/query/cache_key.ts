import { tagPart } from "../cache/names.ts";
import type { SqlValue } from "../drivers/mysql.ts";
import type { Given } from "./bound_param.ts";
import { foldKey } from "./shard_key.ts";

/** Makes a text from what a call gave for a statement's parameters, in their own order. */
export type Template = (given: readonly Given[]) => string;

const PLAIN = /^[\w.:-]*$/;

/**
 * The key of a call: `player.get?playerId=42`. Two calls have the same one exactly if they give the
 * same values.
 */
export function keyTemplate(statement: string, params: readonly string[]): Template {
  const [only] = params;
  if (only === undefined) return () => statement;
  if (params.length === 1) {
    const start = `${statement}?${only}`;
    return (given) => start + valueText(given[0]);
  }
  const names = params.map((name, at) => `${at === 0 ? "?" : "&"}${name}`);
  return (given) => {
    let key = statement;
    for (let at = 0; at < names.length; at++) key += names[at] + valueText(given[at]);
    return key;
  };
}

/**
 * The tags of a call, from tags such as `player:{playerId}`. Tags compare exactly: of a key that the
 * database compares without case they have the folded form.
 *
 * @param options.folded the parameter that is such a key
 */
export function tagsTemplate(
  tags: readonly string[],
  options: { readonly params: readonly string[]; readonly folded?: string | undefined },
): (given: readonly Given[]) => readonly string[] {
  const { params, folded } = options;
  const templates = tags.map((tag): Template => {
    const pieces = tag.split(/\{(\w+)\}/).map((piece, at) =>
      at % 2 === 0 ? piece : { at: params.indexOf(piece), folds: piece === folded }
    );
    return (given) => {
      let text = "";
      for (const piece of pieces) {
        text += typeof piece === "string" ? piece : valuePart(given[piece.at], piece.folds);
      }
      return text;
    };
  });
  return (given) => templates.map((template) => template(given));
}

function valuePart(given: Given, folds: boolean): string {
  const text = String(given ?? "");
  return tagPart(folds ? foldKey(text) : text);
}

/** Nothing for NULL, which is no value; lists are told from values by their commas. */
function valueText(given: Given): string {
  if (given === null || given === undefined) return "";
  if (!Array.isArray(given)) return `=${scalarText(given)}`;
  return `=${given.map((value) => `${scalarText(value)},`).join("")}`;
}

function scalarText(value: SqlValue): string {
  if (value instanceof Uint8Array) return value.toHex();
  const text = String(value);
  return PLAIN.test(text) ? text : encodeURIComponent(text);
}
