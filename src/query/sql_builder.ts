import type { FlatPiece } from "./statement.ts";

/** Stands in `IN (…)` for no values: no row is read. */
const NONE = "NULL";
/** Stands in `NOT IN (…)` for no values, where NULL would leave out every row. */
const ALL_BUT_NONE = "SELECT 1 FROM DUAL WHERE FALSE";

/** Texts that are kept; a caller's cursors could ask for any number of them. */
const MAX_TEXTS = 1_024;

/** What stands in the text for one parameter. */
export interface Placeholder {
  /** Of one value, such as `CAST(? AS SIGNED)`. */
  readonly text: string;
  readonly list: boolean;
  /** Whether each call has a text of its own there. */
  readonly varies?: boolean;
}

/** What a call has in a place that varies: so many values of a list, or a text. */
export type PlaceShape = number | string;

/**
 * Builds the text that is sent for a statement. A statement without lists has one text; with
 * lists one for each combination of padded sizes, with pages one for each condition; they are kept.
 */
export class SqlBuilder {
  readonly #pieces: readonly FlatPiece[];
  readonly #placeholders: ReadonlyMap<string, Placeholder>;
  readonly #texts = new Map<string, string>();
  /** The text where nothing varies. */
  readonly fixed: string | undefined;

  constructor(pieces: readonly FlatPiece[], placeholders: ReadonlyMap<string, Placeholder>) {
    this.#pieces = pieces;
    this.#placeholders = placeholders;
    const varies = [...placeholders.values()].some(isVarying);
    this.fixed = varies ? undefined : this.#build(() => 1);
  }

  /** The text for lists of these padded sizes, and for these conditions, by parameter. */
  text(shapeOf: (param: string) => PlaceShape): string {
    let key = "";
    for (const [param, placeholder] of this.#placeholders) {
      if (isVarying(placeholder)) key += `${shapeOf(param)},`;
    }
    let text = this.#texts.get(key);
    if (text === undefined) {
      text = this.#build(shapeOf);
      if (this.#texts.size < MAX_TEXTS) this.#texts.set(key, text);
    }
    return text;
  }

  #build(shapeOf: (param: string) => PlaceShape): string {
    let sql = "";
    for (const piece of this.#pieces) {
      if ("text" in piece) {
        sql += piece.text;
        continue;
      }
      const placeholder = this.#placeholders.get(piece.param);
      const single = piece.bare ? "?" : placeholder?.text ?? "?";
      const size = isVarying(placeholder) ? shapeOf(piece.param) : single;
      if (typeof size === "string") sql += size;
      else {
        const none = /\bNOT\s+IN\s*\(\s*$/i.test(sql) ? ALL_BUT_NONE : NONE;
        sql += size === 0 ? none : Array.from({ length: size }, () => single).join(",");
      }
    }
    return sql;
  }
}

function isVarying(placeholder: Placeholder | undefined): boolean {
  return placeholder?.list === true || placeholder?.varies === true;
}

/** What a list of `count` values is padded to, so that few texts reach the servers: 0, 1, 2, 4, … */
export function paddedSize(count: number): number {
  let size = 1;
  while (size < count) size *= 2;
  return count === 0 ? 0 : size;
}
