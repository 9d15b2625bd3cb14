import type { Clock } from "../core/clock.ts";
import { RealmgateError } from "../core/errors.ts";
import type { SqlValue } from "../drivers/mysql.ts";
import { BindFaults } from "./bind_faults.ts";
import { BoundParam, type Given, MOST_LIST_VALUES, tooMany } from "./bound_param.ts";
import { BoundRows } from "./bound_rows.ts";
import { CallComposer, type Generated } from "./call_composer.ts";
import { placeholdersOf } from "./placeholders.ts";
import { pagesOf, PageSql } from "./scatter/page_sql.ts";
import { decodePart } from "./query_string.ts";
import { Refusal } from "./scalar_codec.ts";
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
  /** Whether no connection is to keep its text prepared. @default {false} */
  readonly once?: boolean;
  /** The ids that were made for it, by parameter. @default {none} */
  readonly generated?: Readonly<Record<string, string>>;
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
  readonly #params: readonly (BoundParam | BoundRows)[];
  readonly #indexes: ReadonlyMap<string, number>;
  readonly #composer: CallComposer;
  readonly #ids: readonly string[];
  readonly #secret: string | undefined;

  constructor(statement: Statement, options: { readonly clock: Clock }) {
    const { params } = statement;
    this.#statement = statement.name;
    this.#clock = options.clock;
    const indexes = this.#indexes = new Map(params.map(({ name }, index) => [name, index]));
    const rule = pagesOf(statement);
    const pages = rule && new PageSql(statement, rule);
    this.#params = params.map((spec) =>
      spec.type.kind === "rows"
        ? new BoundRows(spec, spec.type)
        : new BoundParam(spec, statement, spec.name === rule?.after ? pages?.cursor : undefined)
    );
    this.#composer = new CallComposer(statement, { params: this.#params, indexes, pages });
    this.#ids = this.#params.flatMap(({ name, makesId }) => makesId ? [name] : []);
    this.#secret = params.find((spec) => spec.secret)?.name;
  }

  /** What stands in the SQL for one value of each parameter. */
  get placeholders(): ReadonlyMap<string, string> {
    return placeholdersOf(this.#params);
  }

  /** How many ids must be made for these `params`: one for each that they leave out. */
  idsNeeded(params: unknown): number {
    if (this.#ids.length === 0 || params === undefined) return this.#ids.length;
    if (params === null || typeof params !== "object") return 0;
    return this.#ids.filter((name) => !Object.hasOwn(params, name)).length;
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

  /**
   * Binds the `params` of a JSON body.
   *
   * @param ids as many as {@linkcode idsNeeded} says
   * @throws {RealmgateError} `invalid_request`
   */
  bindJson(params: unknown, ids: readonly string[] = []): Bound {
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
        if (param instanceof BoundRows) {
          given[index] = param.readJson(received, () => faults ??= this.#faults());
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
    return this.#finish(given, faults, ids);
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
    const sent = equals < 0 ? "" : part.slice(equals + 1);
    const received = decodePart(sent);
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
      faults.addRefusal(param.name, value, { received: received ?? sent, secret: param.secret });
      given[index] = before ?? null;
    } else if (!param.list) given[index] = value;
    else if (Array.isArray(before)) before.push(value);
    else given[index] = [value];
    return faults;
  }

  #finish(
    given: Given[],
    faults: BindFaults | undefined,
    ids: readonly string[] = [],
  ): Bound {
    let generated: Record<string, string> | undefined;
    let made = 0;
    for (let index = 0; index < given.length; index++) {
      if (given[index] !== undefined) continue;
      const param = this.#params[index];
      const id = param?.makesId ? ids[made] : undefined;
      if (param !== undefined && id !== undefined) {
        made++;
        given[index] = (generated ??= {})[param.name] = id;
        continue;
      }
      const fallback = param?.fallback(this.#clock);
      if (fallback !== undefined) given[index] = fallback;
      else (faults ??= this.#faults()).add(param?.name ?? "", "is required");
    }
    if (faults !== undefined) throw faults.toError();
    return this.#compose(given, generated);
  }

  /** A call as it was bound, but with another list for one parameter. */
  withList({ given = [] }: Bound, param: string, list: readonly SqlValue[]): Bound {
    const at = this.#indexes.get(param);
    return this.#compose(given.map((value, index) => index === at ? [...list] : value));
  }

  #compose(given: Given[], generated?: Generated): Bound {
    const bound = this.#composer.compose(given, generated);
    if (!(bound instanceof Refusal)) return bound;
    const faults = this.#faults();
    faults.add(this.#composer.rows ?? "", bound.rule);
    throw faults.toError();
  }

  #faults(): BindFaults {
    return new BindFaults(this.#statement);
  }
}
