import type { PlanNode, PlanOperation } from "./plan_node.ts";

type Box = Readonly<Record<string, unknown>>;
/** What a hash join makes of a table for itself; behind it the index that the rows come from. */
const HASH_KEY = /^#hash#[^:]*:?/;

type Reader = (value: unknown) => readonly PlanNode[];

/**
 * Reads what `EXPLAIN FORMAT=JSON` says, parsed, as a plan. Both MariaDB's form and MySQL's (the
 * first of its two) are read: they name the same things differently.
 *
 * @returns `undefined` where it has neither form
 * @example
 * ```ts
 * import { readPlan } from "./plan_reader.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const table = { table_name: "players", access_type: "const", key: "PRIMARY", rows: 1 };
 * assertEquals(readPlan({ query_block: { select_id: 1, table } }), {
 *   operation: "read",
 *   table: "players",
 *   access: "const",
 *   key: "PRIMARY",
 *   rows: 1,
 *   children: [],
 * });
 * ```
 */
export function readPlan(explained: unknown): PlanNode | undefined {
  return isBox(explained) ? inside(explained["query_block"])[0] : undefined;
}

/** How the members of a block are read; of all others what they hold. */
const READERS: Readonly<Record<string, Reader>> = {
  message: (value) => [node("nothing", [], { extra: [String(value)] })],
  table: readTable,
  nested_loop: (value) => grouped("join", listed(value)),
  query_block: inside,
  query_specifications: listed,
  insert_from: inside,
  expression_cache: inside,
  // MariaDB's.
  filesort: wrapped("sort"),
  read_sorted_file: inside,
  temporary_table: wrapped("temporary table"),
  duplicate_removal: wrapped("distinct"),
  window_functions_computation: wrapped("window"),
  "block-nl-join": noted("join buffer"),
  "range-checked-for-each-record": noted("range checked for each record"),
  materialized: wrapped("materialize"),
  materialization: wrapped("materialize"),
  recursive_union: wrapped("union"),
  subqueries: subqueries,
  // MySQL's, which tells of sorts and temporary tables by flags.
  ordering_operation: flagged,
  grouping_operation: flagged,
  buffer_result: flagged,
  windowing: wrapped("window"),
  materialized_from_subquery: wrapped("materialize"),
  attached_subqueries: subqueries,
  optimized_away_subqueries: subqueries,
  select_list_subqueries: subqueries,
  having_subqueries: subqueries,
  order_by_subqueries: subqueries,
  group_by_subqueries: subqueries,
  update_value_subqueries: subqueries,
  insert_update_subqueries: subqueries,
  // Both have these; MariaDB lists what is joined.
  duplicates_removal: (value) => [
    node("distinct", Array.isArray(value) ? grouped("join", listed(value)) : flagged(value)),
  ],
  union_result: wrapped("union"),
  intersect_result: wrapped("union"),
  except_result: wrapped("union"),
};

/** What the members of a block tell of, in their order. */
function nodesIn(box: Box): readonly PlanNode[] {
  return Object.entries(box).flatMap(([name, value]) => {
    const read = Object.hasOwn(READERS, name) ? READERS[name] : undefined;
    return read?.(value) ?? (Array.isArray(value) ? listed(value) : inside(value));
  });
}

/** What a block holds, as one node. */
function inside(value: unknown): readonly PlanNode[] {
  return isBox(value) ? grouped("query", nodesIn(value)) : [];
}

function listed(value: unknown): readonly PlanNode[] {
  return Array.isArray(value) ? value.flatMap(inside) : [];
}

/** Several nodes under one; one stands for itself. */
function grouped(operation: PlanOperation, nodes: readonly PlanNode[]): readonly PlanNode[] {
  return nodes.length < 2 ? nodes : [node(operation, nodes)];
}

function wrapped(operation: PlanOperation): Reader {
  return (value) => isBox(value) ? [node(operation, nodesIn(value))] : [];
}

function subqueries(value: unknown): readonly PlanNode[] {
  return listed(value).map((query) => node("subquery", [query]));
}

function flagged(value: unknown): readonly PlanNode[] {
  if (!isBox(value)) return [];
  let nodes = inside(value);
  if (value["using_temporary_table"] === true) nodes = [node("temporary table", nodes)];
  if (value["using_filesort"] === true) nodes = [node("sort", nodes)];
  return nodes;
}

/** A block that says how the one table in it is read. */
function noted(how: string): Reader {
  return (value) =>
    inside(value).map((table) => ({ ...table, extra: [...table.extra ?? [], how] }));
}

function readTable(value: unknown): readonly PlanNode[] {
  if (!isBox(value)) return [];
  const { message, ...members } = value;
  const { table_name: table, rowid_filter: filter, partitions } = members;
  const hashed = /^hash_(.+)$/.exec(String(members["access_type"]))?.[1];
  const access = hashed ?? members["access_type"];
  const extra: string[] = [];
  if (typeof message === "string") extra.push(message);
  if (value["attached_condition"] !== undefined) extra.push("using where");
  if (value["using_index"] === true) extra.push("using index");
  if (value["using_join_buffer"] !== undefined) extra.push("join buffer");
  if (hashed !== undefined) extra.push("hash join");
  if (filter !== undefined) extra.push(`rowid filter ${keysIn(filter).join(",")}`);
  const rows = numberOf(value["rows"] ?? value["rows_examined_per_scan"]);
  const key = typeof value["key"] === "string"
    ? value["key"].replace(HASH_KEY, "")
    : keysIn(value["index_merge"]).join(",");
  const operation = operationOf(value);
  return [node(operation, nodesIn(members), {
    ...(typeof table === "string"
      ? { table: members["table_function"] === undefined ? table : `<${table}>` }
      : {}),
    ...(typeof access === "string" && operation !== "insert" ? { access } : {}),
    ...(key === "" ? {} : { key }),
    ...(key === "" ? {} : texts("keyParts", value["used_key_parts"])),
    ...texts("possibleKeys", value["possible_keys"]),
    ...(Array.isArray(partitions) ? { partitions: partitions.length } : {}),
    ...(rows === undefined ? {} : { rows }),
    ...(numberOf(value["filtered"]) === undefined ? {} : { filtered: Number(value["filtered"]) }),
    ...(extra.length === 0 ? {} : { extra }),
  })];
}

function operationOf(table: Box): PlanOperation {
  if (table["update"]) return "update";
  if (table["delete"] || table["message"] === "Deleting all rows") return "delete";
  if (table["insert"] || table["replace"]) return "insert";
  if (table["table_name"] === undefined) return "nothing";
  return table["access_type"] === undefined ? "insert" : "read";
}

/** The names of all indexes that a part of EXPLAIN's answer tells of. */
function keysIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(keysIn);
  if (!isBox(value)) return [];
  return Object.entries(value).flatMap(([name, part]) =>
    name === "key" ? [String(part)] : keysIn(part)
  );
}

function texts(name: string, value: unknown): Readonly<Record<string, readonly string[]>> {
  return Array.isArray(value) && value.length > 0 ? { [name]: value.map(String) } : {};
}

function node(
  operation: PlanOperation,
  children: readonly PlanNode[],
  more: Partial<PlanNode> = {},
): PlanNode {
  return { operation, ...more, children };
}

function numberOf(value: unknown): number | undefined {
  const number = typeof value === "string" || typeof value === "number" ? Number(value) : NaN;
  return Number.isFinite(number) ? number : undefined;
}

function isBox(value: unknown): value is Box {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
