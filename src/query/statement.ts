import type { ExplainedPlan, ShardPlan } from "./explained_plan.ts";
import type { PlanChange } from "./plan_change.ts";

/** A type that one value can have. */
export type ScalarType =
  | {
    readonly kind:
      | "bigint"
      | "ubigint"
      | "int"
      | "double"
      | "bool"
      | "string"
      | "bytes"
      | "datetime"
      | "date"
      | "json";
  }
  | { readonly kind: "decimal"; readonly precision: number; readonly scale: number };

/** A parameter's type: a value, a list for `IN (…)`, or rows for `VALUES (…)`. */
export type ParamType =
  | ScalarType
  | { readonly kind: "array"; readonly of: ScalarType }
  | RowsType;

/** Rows that a call gives as an array of objects. */
export interface RowsType {
  readonly kind: "rows";
  readonly columns: readonly RowsColumn[];
  /** The most rows that a call may give. */
  readonly max: number;
}

/** One column of such rows, with its own limits. */
export interface RowsColumn extends ValueLimits {
  readonly name: string;
  readonly type: ScalarType;
}

/** The limits that concern each single value. */
export interface ValueLimits {
  /** Inclusive bounds, as written; compared in the type's own arithmetic. */
  readonly min?: string;
  readonly max?: string;
  /** In characters for strings, in bytes for bytes. @default {65535} */
  readonly maxLength?: number;
  readonly enum?: readonly string[];
}

/** What stands in for a parameter that the caller left out. */
export type ParamDefault =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "now" }
  | { readonly kind: "id" };

/** One `@param` line. */
export interface ParamSpec extends ValueLimits {
  readonly name: string;
  readonly type: ParamType;
  readonly default?: ParamDefault;
  readonly example?: string;
  /** Never in an address, a log or a sample: such statements take POST only. */
  readonly secret: boolean;
}

/** How a statement finds its shard. */
export type ShardRule =
  | { readonly by: "key"; readonly param: string; readonly fold: boolean }
  | { readonly by: "each"; readonly param: string; readonly fold: boolean }
  | { readonly by: "all" }
  | { readonly by: "any" }
  | { readonly by: "name"; readonly shard: string };

/** A column that rows are in the order of. */
export interface OrderColumn {
  readonly name: string;
  readonly descending: boolean;
}

/** How the values that the shards have for a column become one. */
export type Aggregate = "sum" | "min" | "max";

/** How the rows of many shards, or of many pages, are one list. */
export type MergeRule =
  | {
    readonly by: "order";
    readonly columns: readonly OrderColumn[];
    /** The parameter that says how many rows. */
    readonly limit: string;
    /** The parameter that says behind which row, where there are pages. */
    readonly after?: string;
  }
  | { readonly by: "aggregate"; readonly columns: Readonly<Record<string, Aggregate>> };

/** A piece of a statement's SQL: text, the place of a parameter, or what is written once per row. */
export type SqlPiece = FlatPiece | { readonly row: readonly FlatPiece[] };

/** Text, or the place of a parameter: its name, or `rows.column` inside what is written per row. */
export type FlatPiece =
  | { readonly text: string }
  | {
    readonly param: string; /** Stands in LIMIT or OFFSET, where no CAST may. */
    readonly bare: boolean;
  };

/** The least consistency a read may have. */
export type Consistency = "eventual" | "session" | "strong";

/** `:one` and `:many` read, `:exec` writes. */
export type StatementKind = "one" | "many" | "exec";

/** One named statement as its file declares it; immutable. */
export interface Statement {
  readonly name: string;
  readonly kind: StatementKind;
  readonly description: string;
  readonly file: string;
  /** The line of `-- name:`, from 1. */
  readonly line: number;
  /** The SQL as written, without its comments. */
  readonly sql: string;
  readonly pieces: readonly SqlPiece[];
  readonly params: readonly ParamSpec[];
  readonly shard: ShardRule;
  /** `@column name type`: how a column is written. */
  readonly columns: Readonly<Record<string, string>>;
  readonly cache?: {
    readonly name: string;
    readonly ttlMs?: number;
    readonly swrMs?: number;
    readonly tags: readonly string[];
  };
  readonly invalidates: readonly string[];
  readonly batch?: {
    readonly column: string;
    readonly param: string;
    /** The SQL of many calls, with a list for the parameter and the key at the end of each row. */
    readonly pieces: readonly FlatPiece[];
  };
  readonly merge?: MergeRule;
  readonly partialOmit: boolean;
  /** @default {"eventual"} */
  readonly consistency: Consistency;
  readonly timeoutMs: number;
  readonly maxRows: number;
  /** Safe to repeat after an unknown outcome. */
  readonly retry: boolean;
  /** The API-key scope it needs. */
  readonly scope: string;
  readonly allowFullScan: boolean;
}

/** One fault of a statement file. */
export interface StatementFault {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/** A statement file as it was read. */
export interface StatementSource {
  /** The path shown in messages. */
  readonly file: string;
  readonly text: string;
  /** Why the file could not be read; its text is then empty. */
  readonly fault?: Omit<StatementFault, "file">;
}

/** What only a server can say of a statement. */
export interface ServerFacts {
  /** Result columns as JSON will show them; empty for plain writes. */
  readonly columns: readonly ResultColumn[];
  readonly warnings: readonly string[];
  /** The server's refusal, or `undefined` where it accepted the statement. */
  readonly unavailable?: string;
  /** Why its calls are not read many at a time, though `@batch` asks for it. */
  readonly unbatchable?: string;
  /** Why its calls do not share a commit with other writes; always said of reads. */
  readonly ungroupable?: string;
  /** How it would run; absent where the server did not tell. */
  readonly plan?: ExplainedPlan;
  /** How long the check took, in milliseconds. */
  readonly tookMs: number;
}

/** What all shards say of a statement; gathered once per process and shared with its isolates. */
export interface StatementFacts extends Omit<ServerFacts, "plan"> {
  /** How each shard would run it. @default {[]} */
  readonly plans?: readonly ShardPlan[];
  /** Where that is worse than it was; the warnings say so too. @default {[]} */
  readonly planChanges?: readonly PlanChange[];
}

/** A result column: its name, how it is written, whether it can be null. */
export interface ResultColumn {
  readonly name: string;
  readonly encoding: ColumnEncoding;
  readonly nullable: boolean;
}

/**
 * How a column's value becomes JSON: `integer` a number, `bigint` and `decimal` strings (numbers
 * on request, for bigint), `datetime` RFC 3339 in UTC, `bytes` base64, `json` as it stands.
 */
export type ColumnEncoding =
  | "integer"
  | "bigint"
  | "decimal"
  | "double"
  | "bool"
  | "string"
  | "bytes"
  | "datetime"
  | "date"
  | "time"
  | "json"
  | "uuid";
