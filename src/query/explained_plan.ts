/** One row of EXPLAIN, by the server's own column names. */
export type ExplainRow = Readonly<Record<string, unknown>>;

/** What EXPLAIN's rows come to. */
export interface ExplainedPlan {
  /** In a word or two for each table, such as `PRIMARY`; `undefined` where no row was found. */
  readonly plan: string | undefined;
  readonly warnings: readonly string[];
  /** Whether the server saw that no row has the key, and so chose no plan. */
  readonly noSuchRow: boolean;
}

/** Tables up to this size may be read whole where an index exists: the server knows best. */
const SMALL_TABLE_ROWS = 1_000;

/** Judges a plan: full scans, sorts without an index and deletes of everything are warned of. */
export function judgePlan(
  rows: readonly ExplainRow[],
  options: { readonly limited: boolean },
): ExplainedPlan {
  const steps: string[] = [];
  const warnings: string[] = [];
  let noSuchRow = false;
  for (const row of rows) {
    const extra = String(row["Extra"] ?? "");
    const table = String(row["table"] ?? "");
    if (/Impossible WHERE|no matching row/i.test(extra)) noSuchRow = true;
    if (/Deleting all rows/.test(extra)) warnings.push("deletes every row");
    if (/Using filesort/.test(extra)) warnings.push(`sorts ${table} without an index (filesort)`);
    if (row["select_type"] === "INSERT" || row["select_type"] === "REPLACE") steps.push("insert");
    else if (table !== "" && !table.startsWith("<")) {
      const step = stepOf(row);
      steps.push(step);
      if (scans(row, { extra, limited: options.limited })) warnings.push(`${step} of ${table}`);
    }
  }
  return { plan: steps.length === 0 ? undefined : steps.join(", "), warnings, noSuchRow };
}

function stepOf(row: ExplainRow): string {
  const key = String(row["key"] ?? "");
  switch (row["type"]) {
    case "ALL":
      return "full scan";
    case "index":
      return `index scan ${key}`;
    case "range":
    case "index_merge":
      return `range ${key}`;
    default:
      return key === "" ? String(row["type"] ?? "") : key;
  }
}

function scans(
  row: ExplainRow,
  context: { readonly extra: string; readonly limited: boolean },
): boolean {
  if (row["type"] === "ALL") {
    const usable = row["possible_keys"] !== null;
    return !usable || Number(row["rows"] ?? 0) > SMALL_TABLE_ROWS;
  }
  if (row["type"] !== "index") return false;
  return !context.limited || /Using where/.test(context.extra);
}
