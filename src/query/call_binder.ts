import type { Clock } from "../core/clock.ts";
import { RealmgateError } from "../core/errors.ts";
import type { SqlValue } from "../drivers/mysql.ts";
import { BindFaults } from "./bind_faults.ts";
import { BoundParam, type Given, MOST_LIST_VALUES, tooMany } from "./bound_param.ts";
import { pagesOf, PageSql } from "./scatter/page_sql.ts";
import { decodePart } from "./query_string.ts";
import { Refusal } from "./scalar_codec.ts";
import { foldKey } from "./shard_key.ts";
import { paddedSize, SqlBuilder } from "./sql_builder.ts";
import type { Statement } from "./statement.ts";

/** One call of a statement, ready to be routed and sent. */
export interface Bound {
  /** In the order of the placeholders. */
  readonly values: readonly SqlValue[];
  readonly sql: string;
  /** What the shard is chosen by; `undefined` where it is not chosen by a key. */
  readonly shardKey: string | undefined;
  /** What was given for each parameter, in their own order, where keys or tags are made of it. */
  readonly given?: readonly Given[];
}

/**
 * Checks and binds the parameters of a statement's calls. Every fault of a call is told at once,
 * as `invalid_request`.
 *
 * `null` is accepted for every parameter but lists, the shard's key and those in LIMIT.
 */
export class CallBinder {
  readonly #statement: string;
  readonly #clock: Clock;
  readonly #params: readonly BoundParam[];
  readonly #indexes: ReadonlyMap<string, number>;
  /** For each place in the SQL the parameter that it shows. */
  readonly #places: readonly number[];
  /** Whether the parameters stand in the SQL once each, in their own order, without lists. */
  readonly #straight: boolean;
  readonly #builder: SqlBuilder;
  readonly #key: number;
  readonly #fold: boolean;
  readonly #secret: string | undefined;
  readonly #keepsGiven: boolean;
  readonly #pages:
    | { readonly sql: PageSql; readonly at: number; readonly limit: number }
    | undefined;

  constructor(statement: Statement, options: { readonly clock: Clock }) {
    const { shard, pieces } = statement;
    this.#statement = statement.name;
    this.#clock = options.clock;
    this.#indexes = new Map(statement.params.map(({ name }, index) => [name, index]));
    const pages = pagesOf(statement);
    this.#pages = pages && {
      sql: new PageSql(statement, pages),
      at: this.#indexes.get(pages.after) ?? -1,
      limit: this.#indexes.get(pages.limit) ?? -1,
    };
    this.#params = statement.params.map((spec) =>
      new BoundParam(
        spec,
        statement,
        spec.name === pages?.after ? this.#pages?.sql.cursor : undefined,
      )
    );
    this.#places = pieces.flatMap((piece) =>
      "param" in piece ? [this.#indexes.get(piece.param) ?? -1] : []
    );
    this.#builder = new SqlBuilder(
      pieces,
      new Map(this.#params.map(({ name, codec, list }) => {
        return [name, { text: codec.placeholder, list, varies: name === pages?.after }];
      })),
    );
    this.#straight = this.#builder.fixed !== undefined &&
      this.#places.length === this.#params.length &&
      this.#places.every((param, place) => param === place);
    this.#key = shard.by === "key" ? this.#indexes.get(shard.param) ?? -1 : -1;
    this.#fold = shard.by === "key" && shard.fold;
    this.#secret = statement.params.find((spec) => spec.secret)?.name;
    this.#keepsGiven = statement.cache !== undefined || statement.invalidates.length > 0 ||
      statement.batch !== undefined || shard.by === "each" || statement.merge !== undefined;
  }

  /** What stands in the SQL for one value of each parameter. */
  get placeholders(): ReadonlyMap<string, string> {
    return new Map(this.#params.map(({ name, codec }) => [name, codec.placeholder]));
  }

  /** Binds a query string without its `?`. @throws {RealmgateError} `invalid_request` */
  bindQuery(search: string): Bound {
    if (this.#secret !== undefined) {
      throw new RealmgateError(
        "invalid_request",
        `Cannot call ${this.#statement} with GET: ${this.#secret} is secret; send a POST`,
        { extra: { errors: [{ param: this.#secret, detail: "must be sent by POST" }] } },
      );
    }
    const given = new Array<Given>(this.#params.length).fill(undefined);
    let faults: BindFaults | undefined;
    let at = 0;
    while (at < search.length) {
      let end = search.indexOf("&", at);
      if (end < 0) end = search.length;
      if (end > at) faults = this.#readPart(search.slice(at, end), given, faults);
      at = end + 1;
    }
    return this.#finish(given, faults);
  }

  /** Binds the `params` of a JSON body. @throws {RealmgateError} `invalid_request` */
  bindJson(params: unknown): Bound {
    const given = new Array<Given>(this.#params.length).fill(undefined);
    let faults: BindFaults | undefined;
    if (params !== undefined) {
      if (params === null || typeof params !== "object" || Array.isArray(params)) {
        faults = new BindFaults(this.#statement);
        faults.add("params", "must be an object of the statement's parameters");
        throw faults.toError();
      }
      for (const [name, received] of Object.entries(params)) {
        const index = this.#indexes.get(name);
        const param = index === undefined ? undefined : this.#params[index];
        if (index === undefined || param === undefined) {
          (faults ??= this.#faults()).addUnknown(name, this.#indexes.keys());
          continue;
        }
        const value = param.readJson(received);
        if (value instanceof Refusal) {
          const { secret } = param;
          (faults ??= this.#faults()).addRefusal(name, value, { received, secret });
          given[index] = null;
        } else given[index] = value;
      }
    }
    return this.#finish(given, faults);
  }

  #readPart(part: string, given: Given[], faults: BindFaults | undefined): BindFaults | undefined {
    const equals = part.indexOf("=");
    const rawName = equals < 0 ? part : part.slice(0, equals);
    const index = this.#indexes.get(rawName) ?? this.#indexes.get(decodePart(rawName) ?? rawName);
    const param = index === undefined ? undefined : this.#params[index];
    if (index === undefined || param === undefined) {
      faults ??= this.#faults();
      faults.addUnknown(decodePart(rawName) ?? rawName, this.#indexes.keys());
      return faults;
    }
    const received = equals < 0 ? "" : decodePart(part.slice(equals + 1));
    const before = given[index];
    const value = received === undefined
      ? new Refusal("must be percent-encoded UTF-8")
      : !param.inAddress
      ? new Refusal("must be sent by POST")
      : before !== undefined && !param.list
      ? new Refusal("must be given once")
      : Array.isArray(before) && before.length >= MOST_LIST_VALUES
      ? tooMany
      : param.codec.fromText(received);
    if (value instanceof Refusal) {
      faults ??= this.#faults();
      faults.addRefusal(param.name, value, { received, secret: param.secret });
      given[index] = before ?? null;
    } else if (!param.list) given[index] = value;
    else if (Array.isArray(before)) before.push(value);
    else given[index] = [value];
    return faults;
  }

  #finish(given: Given[], faults: BindFaults | undefined): Bound {
    for (let index = 0; index < given.length; index++) {
      if (given[index] !== undefined) continue;
      const param = this.#params[index];
      const fallback = param?.fallback(this.#clock);
      if (fallback !== undefined) given[index] = fallback;
      else (faults ??= this.#faults()).add(param?.name ?? "", "is required");
    }
    if (faults !== undefined) throw faults.toError();
    return this.#compose(given);
  }

  /** A call as it was bound, but with another list for one parameter. */
  withList({ given = [] }: Bound, param: string, list: readonly SqlValue[]): Bound {
    const at = this.#indexes.get(param);
    return this.#compose(given.map((value, index) => index === at ? [...list] : value));
  }

  #compose(given: Given[]): Bound {
    const page = this.#pages?.sql.conditionOf(given[this.#pages.at]);
    const values = this.#straight ? given as SqlValue[] : this.#place(given, page?.values);
    const sql = this.#builder.fixed ?? this.#builder.text((param) => {
      const index = this.#indexes.get(param) ?? -1;
      if (page !== undefined && index === this.#pages?.at) return page.text;
      const list = given[index];
      return Array.isArray(list) ? paddedSize(list.length) : 1;
    });
    const shardKey = this.#key < 0 ? undefined : this.#keyOf(given[this.#key]);
    return this.#keepsGiven ? { values, sql, shardKey, given } : { values, sql, shardKey };
  }

  /** A page asks for one row more than it answers, to see whether another one follows. */
  #place(given: readonly Given[], page: readonly SqlValue[] | undefined): SqlValue[] {
    const values: SqlValue[] = [];
    for (const place of this.#places) {
      const value = given[place];
      if (place === this.#pages?.at) values.push(...page ?? []);
      else if (place === this.#pages?.limit) values.push(Number(value) + 1);
      else if (!Array.isArray(value)) values.push(value ?? null);
      else {
        for (const item of value) values.push(item);
        const last = value.at(-1) ?? null;
        for (let at = value.length; at < paddedSize(value.length); at++) values.push(last);
      }
    }
    return values;
  }

  #keyOf(value: Given): string {
    const key = String(value);
    return this.#fold ? foldKey(key) : key;
  }

  #faults(): BindFaults {
    return new BindFaults(this.#statement);
  }
}
