import type { SqlValue } from "../drivers/mysql.ts";
import type { PartitionedTable } from "./partitioned_table.ts";

/**
 * Where a value belongs: a partition's name, `null` where the table has none that takes it, or `ask`
 * where only the server can tell.
 */
export type Located = { readonly partition: string | null } | "ask";

const INSTANT = /^(\d{4}-\d\d-\d\d)(?: (\d\d:\d\d:\d\d)(?:\.\d{1,6})?)?$/;
const INTEGER = /^-?\d+$/;
const ASK: Located = "ask";

/**
 * Says which partition a value of the declared column falls in, as its server would.
 *
 * Ranges by time, LIST of an integer column and HASH of an integer column are computed. KEY uses the
 * server's own hash, texts compare by its collations, and expressions are its own as well: those have
 * to be asked for.
 */
export class PartitionStrategy {
  readonly #locate: (value: SqlValue) => Located;

  constructor(table: PartitionedTable) {
    this.#locate = strategyOf(table);
  }

  /** @param value as it is bound: instants as UTC, integers as their digits */
  locate(value: SqlValue): Located {
    return this.#locate(value);
  }
}

function strategyOf(table: PartitionedTable): (value: SqlValue) => Located {
  const { server: { method, expression, columnType, partitions }, rule, fault } = table;
  if (fault !== undefined) return () => ASK;
  // A YEAR of two digits is another number once it is stored.
  const plain = expression.toLowerCase() === `\`${rule.column.toLowerCase()}\`` &&
    columnType !== "year";
  if (rule.by === "range") return (value) => inRange(table, value);
  if (method === "LIST" && plain) return listStrategy(partitions);
  if (method === "HASH" && plain) return (value) => byRemainder(partitions, value);
  return () => ASK;
}

function inRange({ ranges }: PartitionedTable, value: SqlValue): Located {
  // No value is less than any other.
  if (value === null) return { partition: ranges[0]?.name ?? null };
  const [, day, time = "00:00:00"] = typeof value === "string" ? INSTANT.exec(value) ?? [] : [];
  const ms = Date.parse(`${day}T${time}Z`);
  if (Number.isNaN(ms)) return ASK;
  return { partition: ranges.find(({ until }) => ms < until)?.name ?? null };
}

type Described = PartitionedTable["server"]["partitions"];

function listStrategy(partitions: Described): (value: SqlValue) => Located {
  const names = new Map<string, string>();
  let fallback: string | null = null;
  for (const { name, description } of partitions) {
    if (description === "MAXVALUE" || description === "DEFAULT") fallback = name;
    else for (const value of (description ?? "").split(",")) names.set(value, name);
  }
  // MariaDB describes a DEFAULT like a list of the only value 0.
  const doubtful = partitions.some(({ description }) => description === "0");
  return (value) => {
    const listed = value === null ? "NULL" : integerOf(value)?.toString();
    if (listed === undefined) return ASK;
    if (doubtful && (listed === "0" || !names.has(listed))) return ASK;
    return { partition: names.get(listed) ?? fallback };
  };
}

/** Signed 64-bit arithmetic, as the server does it; where it puts NULL depends on rows before. */
function byRemainder(partitions: Described, value: SqlValue): Located {
  const integer = value === null ? undefined : integerOf(value);
  if (integer === undefined) return ASK;
  const rest = BigInt.asIntN(64, integer) % BigInt(partitions.length);
  return { partition: partitions[Number(rest < 0n ? -rest : rest)]?.name ?? null };
}

function integerOf(value: SqlValue): bigint | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  return typeof value === "string" && INTEGER.test(value) ? BigInt(value) : undefined;
}
