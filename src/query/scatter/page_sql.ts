import type { Given } from "../bound_param.ts";
import { scanSql } from "../sql_scanner.ts";
import type { MergeRule, Statement } from "../statement.ts";
import { afterPlace, type Condition, FROM_THE_START, type KeysetColumn } from "./keyset.ts";
import { orderOf } from "./order_by.ts";
import { PageCursor } from "./page_cursor.ts";

/** What a statement's pages are made by: `@merge order=… limit=:limit after=:cursor`. */
export class PageSql {
  readonly cursor: PageCursor;
  readonly #order: readonly KeysetColumn[];

  constructor(statement: Pick<Statement, "name" | "sql">, merge: MergeRule & { by: "order" }) {
    this.cursor = new PageCursor(statement.name, merge.columns);
    this.#order = orderOf(statement.sql, scanSql(statement.sql).tokens)?.columns ?? [];
  }

  /** The condition of the page behind a cursor, of the first one where there is none. */
  conditionOf(cursor: Given): Condition {
    const place = typeof cursor === "string" ? this.cursor.read(cursor) : undefined;
    return place === undefined ? FROM_THE_START : afterPlace(this.#order, place);
  }
}

/** The rule by which a statement has pages; `undefined` where it has none. */
export function pagesOf(
  { merge }: Pick<Statement, "merge">,
): (MergeRule & { readonly by: "order"; readonly after: string }) | undefined {
  return merge?.by === "order" && merge.after !== undefined
    ? { ...merge, after: merge.after }
    : undefined;
}
