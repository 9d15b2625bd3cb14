import type { SqlValue } from "../drivers/mysql.ts";
import type { Bound } from "./call_binder.ts";
import { BoundParam, type Given } from "./bound_param.ts";
import type { BoundRows } from "./bound_rows.ts";
import { RowsSql } from "./rows_sql.ts";
import { Refusal } from "./scalar_codec.ts";
import type { Condition } from "./scatter/keyset.ts";
import { pagesOf, type PageSql } from "./scatter/page_sql.ts";
import { foldKey } from "./shard_key.ts";
import { paddedSize, SqlBuilder } from "./sql_builder.ts";
import { isFlat } from "./sql_pieces.ts";
import type { Statement } from "./statement.ts";

/** Ids that were made for a call, by parameter. */
export type Generated = Readonly<Record<string, string>> | undefined;

/** Makes a statement's text, values and key from what a call gave for its parameters. */
export class CallComposer {
  /** The parameter with rows, where there is one. */
  readonly rows: string | undefined;
  readonly #indexes: ReadonlyMap<string, number>;
  /** For each place in the SQL the parameter that it shows. */
  readonly #places: readonly number[];
  /** Whether the parameters stand in the SQL once each, in their own order, without lists. */
  readonly #straight: boolean;
  readonly #builder: SqlBuilder;
  readonly #rows: RowsSql | undefined;
  readonly #key: number;
  readonly #fold: boolean;
  readonly #keepsGiven: boolean;
  readonly #pages: PageSql | undefined;
  readonly #cursor: number;
  /** Where in {@linkcode #places} a page's LIMIT stands, behind which no parameter does. */
  readonly #limit: number;

  constructor(
    statement: Statement,
    options: {
      readonly params: readonly (BoundParam | BoundRows)[];
      readonly indexes: ReadonlyMap<string, number>;
      readonly pages: PageSql | undefined;
    },
  ) {
    const { shard, pieces } = statement;
    const { params, indexes } = options;
    const pages = pagesOf(statement);
    const indexOf = (name = "") => indexes.get(name) ?? -1;
    this.#indexes = indexes;
    this.#pages = options.pages;
    this.#cursor = indexOf(pages?.after);
    this.#places = pieces.flatMap((piece) => "param" in piece ? [indexOf(piece.param)] : []);
    this.#limit = pages === undefined ? -1 : this.#places.lastIndexOf(indexOf(pages.limit));
    const plain = params.filter((param) => param instanceof BoundParam);
    this.#rows = plain.length < params.length ? new RowsSql(pieces, params) : undefined;
    this.rows = this.#rows?.name;
    this.#builder = new SqlBuilder(
      this.#rows === undefined ? pieces.filter(isFlat) : [],
      new Map(plain.map(({ name, codec, list }) => {
        return [name, { text: codec.placeholder, list, varies: name === pages?.after }];
      })),
    );
    this.#straight = this.#builder.fixed !== undefined && this.#places.length === params.length &&
      this.#places.every((param, place) => param === place);
    this.#key = shard.by === "key" ? indexOf(shard.param) : -1;
    this.#fold = shard.by === "key" && shard.fold;
    this.#keepsGiven = statement.cache !== undefined || statement.invalidates.length > 0 ||
      statement.batch !== undefined || shard.by === "each" || statement.merge !== undefined;
  }

  /** The call; or why its rows are too many. */
  compose(given: Given[], generated?: Generated): Bound | Refusal {
    const shardKey = this.#key < 0 ? undefined : this.#keyOf(given[this.#key]);
    if (this.#rows !== undefined || generated !== undefined) {
      return this.#composeWrite(given, { shardKey, generated });
    }
    const page = this.#pages?.conditionOf(given[this.#cursor]);
    const values = this.#straight ? given as SqlValue[] : this.#place(given, page);
    const sql = this.#sqlOf(given, page);
    return this.#keepsGiven ? { values, sql, shardKey, given } : { values, sql, shardKey };
  }

  /** The same for calls that only writes have: with rows, or with ids that were made for them. */
  #composeWrite(
    given: readonly Given[],
    more: { readonly shardKey: string | undefined; readonly generated: Generated },
  ): Bound | Refusal {
    const { shardKey, generated } = more;
    const text = this.#rows?.bind(given) ?? { sql: this.#sqlOf(given), values: this.#place(given) };
    if (text instanceof Refusal) return text;
    return {
      ...text,
      shardKey,
      ...(this.#keepsGiven ? { given } : {}),
      ...(generated === undefined ? {} : { generated }),
    };
  }

  #sqlOf(given: readonly Given[], page?: Condition): string {
    return this.#builder.fixed ?? this.#builder.text((param) => {
      const index = this.#indexes.get(param) ?? -1;
      if (page !== undefined && index === this.#cursor) return page.text;
      const list = given[index];
      return Array.isArray(list) ? paddedSize(list.length) : 1;
    });
  }

  /** A page asks for one row more than it answers, to see whether another one follows. */
  #place(given: readonly Given[], page?: Condition): SqlValue[] {
    const values: SqlValue[] = [];
    for (let at = 0; at < this.#places.length; at++) {
      const place = this.#places[at] ?? -1;
      const value = given[place];
      if (page !== undefined && place === this.#cursor) values.push(...page.values);
      else if (page !== undefined && at === this.#limit) values.push(Number(value) + 1);
      else if (!Array.isArray(value)) values.push(value ?? null);
      else {
        for (const item of value) values.push(item);
        const last = value.at(-1) ?? null;
        for (let n = value.length; n < paddedSize(value.length); n++) values.push(last);
      }
    }
    return values;
  }

  #keyOf(value: Given): string {
    const key = String(value);
    return this.#fold ? foldKey(key) : key;
  }
}
