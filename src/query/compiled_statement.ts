import type { Clock } from "../core/clock.ts";
import type { ColumnInfo, Rows, SqlValue } from "../drivers/mysql.ts";
import { type Bound, CallBinder } from "./call_binder.ts";
import { BatchPlan } from "./batch_plan.ts";
import type { Given } from "./bound_param.ts";
import { keyTemplate, tagsTemplate, type Template } from "./cache_key.ts";
import { isRepeatable } from "./repeatable.ts";
import { type EncodeOptions, RowEncoder, type RowWriter } from "./row_encoder.ts";
import { pagesOf } from "./scatter/page_sql.ts";
import { isScattered, ScatterPlan } from "./scatter/scatter_plan.ts";
import { scanSql } from "./sql_scanner.ts";
import type { Statement, StatementFacts } from "./statement.ts";

export type { Bound } from "./call_binder.ts";

/** Ends the keys of answers that write 64-bit integers as numbers. */
export const NUMBERS = ";int64=number";

/** One statement compiled for speed: it binds the parameters of a call and encodes its rows. */
export class CompiledStatement {
  readonly statement: Statement;
  /** How its calls are read many at a time, where they may be. */
  readonly plan: BatchPlan | undefined;
  /** How its calls are split over the shards, or answered in pages, where they are. */
  readonly scatter: ScatterPlan | undefined;
  /** Whether calls with the same parameters may have one answer. */
  readonly repeatable: boolean;
  /** Rows that a node may answer: of a page one more, which shows that another page follows. */
  readonly mostRows: number;
  readonly #binder: CallBinder;
  readonly #encoder: RowEncoder;
  readonly #key: Template;
  readonly #tags: (given: readonly Given[]) => readonly string[];
  #facts: StatementFacts | undefined;

  constructor(statement: Statement, options: { readonly clock: Clock }) {
    this.statement = statement;
    this.#binder = new CallBinder(statement, options);
    this.#encoder = new RowEncoder(statement);
    const { batch } = statement;
    this.plan = batch && new BatchPlan(statement, batch, this.#binder.placeholders);
    this.repeatable = statement.kind !== "exec" && isRepeatable(scanSql(statement.sql).tokens);
    this.scatter = isScattered(statement) ? new ScatterPlan(statement) : undefined;
    this.mostRows = statement.maxRows + (pagesOf(statement) === undefined ? 0 : 1);
    const params = statement.params.map(({ name }) => name);
    this.#key = keyTemplate(statement.name, params);
    const { shard } = statement;
    const folded = shard.by === "key" && shard.fold ? shard.param : undefined;
    this.#tags = tagsTemplate(statement.cache?.tags ?? statement.invalidates, { params, folded });
  }

  /** What the servers said of it; `undefined` until they were asked. */
  get facts(): StatementFacts | undefined {
    return this.#facts;
  }

  /** Why it cannot run, or `undefined` where it can. */
  get unavailable(): string | undefined {
    return this.#facts?.unavailable;
  }

  /** Takes over what the servers said of it. */
  learn(facts: StatementFacts): void {
    this.#facts = facts;
  }

  /** How many ids are to be made for a call with these `params`, by `default=id()`. */
  idsNeeded(params: unknown): number {
    return this.#binder.idsNeeded(params);
  }

  /**
   * Binds the `params` of a JSON body, already parsed; numbers in it beyond 2^53 are refused.
   *
   * @param ids as many as {@linkcode idsNeeded} says
   * @throws {RealmgateError} `invalid_request` with every fault
   */
  bindJson(params: unknown, ids?: readonly string[]): Bound {
    return this.#binder.bindJson(params, ids);
  }

  /**
   * Binds a raw query string, without its `?`.
   *
   * @throws {RealmgateError} `invalid_request` with every fault
   */
  bindQuery(search: string): Bound {
    return this.#binder.bindQuery(search);
  }

  /**
   * The rows as JSON text: of `:one` the first row's object or `null`, else an array. 64-bit
   * integers are strings, or bare digits with `int64: "number"`.
   */
  encodeRows(result: Rows, options: EncodeOptions): string {
    return this.#encoder.encode(result, options);
  }

  /** What writes the rows of a result with these columns. */
  writer(columns: readonly ColumnInfo[], options: EncodeOptions): RowWriter {
    return this.#encoder.writer(columns, options);
  }

  /** The call with another list for one of its parameters. */
  withList(bound: Bound, param: string, list: readonly SqlValue[]): Bound {
    return this.#binder.withList(bound, param, list);
  }

  /** The key of a call of a cached statement: the same for the same values, and only for those. */
  cacheKey({ given = [] }: Bound, { int64 }: EncodeOptions): string {
    const key = this.#key(given);
    return int64 === "number" ? key + NUMBERS : key;
  }

  /** The tags that a call's answer has, or that a write drops. */
  tags({ given = [] }: Bound): readonly string[] {
    return this.#tags(given);
  }
}
