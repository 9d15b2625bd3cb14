import type { Rows, SqlValue } from "../../drivers/mysql.ts";
import type { Bound } from "../call_binder.ts";
import { foldKey } from "../shard_key.ts";
import { scanSql } from "../sql_scanner.ts";
import type { MergeRule, ShardRule, Statement } from "../statement.ts";
import { joinKeys } from "./join_keys.ts";
import { mergeAggregates } from "./merge_aggregates.ts";
import { mergeOrdered, type Row } from "./merge_order.ts";
import { PageCursor } from "./page_cursor.ts";
import { pagesOf } from "./page_sql.ts";
import { eachColumn } from "./scatter_rules.ts";

/** What several shards answered, as one answer. */
export interface Merged {
  readonly rows: readonly Row[];
  /** Where the next page begins, `null` behind the last one; absent where there are no pages. */
  readonly next?: string | null;
  /** Keys that no row has; absent where no list was split. */
  readonly missingKeys?: readonly string[];
}

/** A part of a call: what one shard is asked. */
export interface Leg {
  readonly shard: string;
  readonly bound: Bound;
}

/** How a statement's calls are split over the shards, and how its rows are one answer again. */
export class ScatterPlan {
  readonly #statement: Statement;
  readonly #shard: ShardRule;
  readonly #each: { readonly at: number; readonly column: string } | undefined;
  readonly #limitAt: number;
  readonly #cursor: PageCursor | undefined;

  constructor(statement: Statement) {
    const { shard, merge, params, name, sql } = statement;
    this.#statement = statement;
    this.#shard = shard;
    this.#each = shard.by === "each"
      ? {
        at: params.findIndex((param) => param.name === shard.param),
        column: eachColumn(scanSql(sql).tokens, shard.param) ?? shard.param,
      }
      : undefined;
    const order = merge?.by === "order" ? merge : undefined;
    this.#limitAt = params.findIndex((param) => param.name === order?.limit);
    this.#cursor = pagesOf(statement) && new PageCursor(name, order?.columns ?? []);
  }

  /** How many rows a call asks for; `undefined` where it does not say. */
  limitOf({ given = [] }: Bound): number | undefined {
    return this.#limitAt < 0 ? undefined : Number(given[this.#limitAt]);
  }

  /**
   * What each shard is asked; at least one is.
   *
   * @param options.shards all of them
   * @param options.shardOf the shard of a key, or the one shard of a call
   * @param options.withKeys the call with some of its keys
   */
  legs(
    bound: Bound,
    options: {
      readonly shards: readonly string[];
      readonly shardOf: (key: string | undefined) => string;
      readonly withKeys: (keys: readonly SqlValue[]) => Bound;
    },
  ): readonly Leg[] {
    const { shards, shardOf, withKeys } = options;
    if (this.#shard.by === "all") return shards.map((shard) => ({ shard, bound }));
    if (this.#shard.by !== "each") return [{ shard: shardOf(undefined), bound }];
    const byShard = new Map<string, string[]>();
    for (const key of this.#keysOf(bound)) {
      const shard = shardOf(this.#keyForm(key));
      const keys = byShard.get(shard);
      if (keys === undefined) byShard.set(shard, [key]);
      else keys.push(key);
    }
    if (byShard.size === 0) byShard.set(shards[0] as string, []);
    return [...byShard].map(([shard, keys]) => ({ shard, bound: withKeys(keys) }));
  }

  /**
   * One answer from what the legs were answered.
   *
   * @param unread the legs that were left out
   */
  merge(bound: Bound, results: readonly Rows[], unread: readonly Leg[]): Merged {
    const { merge } = this.#statement;
    if (this.#each !== undefined) return this.#join(bound, results, unread);
    return merge?.by === "aggregate"
      ? { rows: mergeAggregates(results, merge.columns) }
      : this.#page(bound, results, merge);
  }

  #page(bound: Bound, results: readonly Rows[], merge: MergeRule | undefined): Merged {
    const limit = this.limitOf(bound) ?? Infinity;
    const order = merge?.by === "order" ? merge.columns : [];
    const cursor = this.#cursor;
    if (cursor === undefined) return { rows: mergeOrdered(results, { order, limit }) };
    const rows = mergeOrdered(results, { order, limit: limit + 1 });
    const last = rows[limit - 1];
    if (rows.length <= limit || last === undefined) {
      return { rows: rows.slice(0, limit), next: null };
    }
    return { rows: rows.slice(0, limit), next: cursor.write(last.columns, last.row) };
  }

  #join(bound: Bound, results: readonly Rows[], unread: readonly Leg[]): Merged {
    const left = new Set(unread.flatMap((leg) => this.#keysOf(leg.bound)));
    const keyOf = (key: string) => this.#keyForm(key);
    const keys = this.#keysOf(bound).filter((key) => !left.has(key));
    return joinKeys(results, { keys, column: this.#each?.column ?? "", keyOf });
  }

  /** The keys of a call without repetitions, in their own order. */
  #keysOf({ given = [] }: Bound): readonly string[] {
    const list = given[this.#each?.at ?? -1];
    if (!Array.isArray(list)) return [];
    return [...new Map(list.map((key) => [this.#keyForm(String(key)), String(key)])).values()];
  }

  #keyForm(key: string): string {
    return this.#shard.by === "each" && this.#shard.fold ? foldKey(key) : key;
  }
}

/** Whether a statement's calls go to several shards, or have pages. */
export function isScattered({ shard, merge }: Statement): boolean {
  return shard.by === "all" || shard.by === "each" || merge !== undefined;
}
