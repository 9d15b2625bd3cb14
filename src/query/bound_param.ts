import type { Clock } from "../core/clock.ts";
import type { SqlValue } from "../drivers/mysql.ts";
import { codecOf } from "./param_codec.ts";
import { Refusal, type ScalarCodec } from "./scalar_codec.ts";
import { ShardKeyCodec } from "./shard_key.ts";
import type { ParamSpec, Statement } from "./statement.ts";
import { sqlDatetime } from "./time_codec.ts";

/** The most values that a list may have. */
export const MOST_LIST_VALUES = 1_000;

/** What a call gave for one parameter; `undefined` where nothing. */
export type Given = SqlValue | SqlValue[] | undefined;

/** One parameter of one statement, ready to check values. */
export class BoundParam {
  readonly name: string;
  readonly secret: boolean;
  readonly list: boolean;
  /** Whether an address can carry it. */
  readonly inAddress: boolean;
  readonly codec: ScalarCodec;
  readonly #nullable: boolean;
  readonly #fallback: Given;
  /** Why `default=` cannot stand in for the parameter, where it cannot. */
  readonly badDefault: Refusal | undefined;
  readonly #now: "datetime" | "date" | undefined;
  /** Whether an id is made where a call leaves it out. */
  readonly makesId: boolean;

  /**
   * @param statement decides by its shard rule and its LIMIT what the parameter may be
   * @param cursor reads it in place of its type, where it says which page is asked for
   */
  constructor(
    spec: ParamSpec,
    statement: Pick<Statement, "shard" | "pieces">,
    cursor?: ScalarCodec,
  ) {
    const { type } = spec;
    if (type.kind === "rows") {
      throw new TypeError(
        `Cannot bind a parameter: must not be of type rows, received ${spec.name}`,
      );
    }
    const { shard } = statement;
    const isKey = (shard.by === "key" || shard.by === "each") && shard.param === spec.name;
    const counts = isBare(statement, spec.name);
    const scalar = type.kind === "array" ? type.of : type;
    const codec = codecOf(scalar, counts ? { ...spec, min: notNegative(spec.min) } : spec);
    this.name = spec.name;
    this.secret = spec.secret;
    this.list = type.kind === "array";
    this.inAddress = scalar.kind !== "json";
    this.codec = cursor ?? (isKey ? new ShardKeyCodec(codec, { fold: shard.fold }) : codec);
    this.#nullable = !this.list && !isKey && !counts;
    this.makesId = spec.default?.kind === "id";
    this.#now = spec.default?.kind === "now" ? (scalar.kind as "datetime" | "date") : undefined;
    const fallback = spec.default?.kind === "value" ? this.readJson(spec.default.value) : undefined;
    this.badDefault = fallback instanceof Refusal ? fallback : undefined;
    this.#fallback = fallback instanceof Refusal ? undefined : fallback;
  }

  /** The value of a call that left it out, or `undefined` where it is required. */
  fallback(clock: Clock): Given {
    if (this.#now === undefined) return this.#fallback;
    const now = sqlDatetime(clock.wallMs());
    return this.#now === "date" ? now.slice(0, 10) : now;
  }

  /** Checks a JSON value: `null`, a value, or an array of values for a list. */
  readJson(value: unknown): Exclude<Given, undefined> | Refusal {
    if (value === null) return this.#nullable ? null : new Refusal("must not be null");
    if (!this.list) return this.codec.fromJson(value);
    if (!Array.isArray(value)) return new Refusal("must be an array");
    if (value.length > MOST_LIST_VALUES) return tooMany;
    const list: SqlValue[] = [];
    for (const item of value) {
      const checked = item === null ? new Refusal("must not be null") : this.codec.fromJson(item);
      if (checked instanceof Refusal) {
        const rule = `has a value, number ${list.length + 1}, that ${checked.rule}`;
        return new Refusal(rule, { received: item });
      }
      list.push(checked);
    }
    return list;
  }
}

/** The refusal of a list that is too long. */
export const tooMany = new Refusal(`must have at most ${MOST_LIST_VALUES} values`, {
  received: [],
});

/** Whether a parameter stands in LIMIT or OFFSET. */
export function isBare(statement: Pick<Statement, "pieces">, param: string): boolean {
  return statement.pieces.some((piece) => "param" in piece && piece.param === param && piece.bare);
}

function notNegative(min: string | undefined): string {
  return min === undefined || min.startsWith("-") ? "0" : min;
}
