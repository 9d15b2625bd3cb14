import { type Annotations, readAnnotations } from "./annotations.ts";
import { BoundParam } from "./bound_param.ts";
import { rowsTuple, spreadRows } from "./rows_tuple.ts";
import { cutRows, cutSql } from "./sql_pieces.ts";
import { type ScannedSql, scanSql } from "./sql_scanner.ts";
import { shapeOf } from "./sql_shape.ts";
import type {
  ShardRule,
  SqlPiece,
  Statement,
  StatementFault,
  StatementSource,
} from "./statement.ts";
import { splitFile, type StatementBlock } from "./statement_file.ts";
import { mergedPieces } from "./merged_sql.ts";
import { checkStatement, type StatementRules } from "./statement_rules.ts";

/** How long a statement may run where `@timeout` does not say, in milliseconds. */
export const DEFAULT_TIMEOUT_MS = 5_000;
/** How many rows a statement may answer where `@maxrows` does not say. */
export const DEFAULT_MAX_ROWS = 1_000;
/** The same for one that collects from every shard. */
export const DEFAULT_SCATTER_ROWS = 10_000;

/**
 * Reads statement files, and finds every fault of all of them at once. Statements are complete
 * only where there are no faults.
 */
export function parseStatements(
  sources: readonly StatementSource[],
  rules: StatementRules,
): { readonly statements: readonly Statement[]; readonly faults: readonly StatementFault[] } {
  const faults: StatementFault[] = [];
  const statements = new Map<string, Statement>();
  for (const source of sources) {
    const { blocks, faults: found } = splitFile(source);
    faults.push(...found);
    if (source.fault !== undefined) faults.push({ file: source.file, ...source.fault });
    for (const block of blocks) {
      const fault = (line: number, message: string) =>
        faults.push({ file: block.file, line, message });
      const statement = parseBlock(block, rules, fault);
      const other = statements.get(block.name);
      if (other === undefined) statements.set(block.name, statement);
      else fault(block.line, `${block.name} is defined at ${other.file}:${other.line} already`);
    }
  }
  faults.sort((a, b) => a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line);
  return { statements: [...statements.values()], faults };
}

function parseBlock(
  block: StatementBlock,
  rules: StatementRules,
  fault: (line: number, message: string) => void,
): Statement {
  const annotations = readAnnotations(block.annotations, fault);
  declareCursor(annotations, fault);
  const { sql, tokens, faults, complete } = scanRows(block.sql, annotations);
  for (const { line, message } of faults) fault(block.sqlLine + line, message);
  const shape = shapeOf(tokens);
  const rows = annotations.params.find(({ type }) => type.kind === "rows");
  const perRow = rows && rowsTuple(tokens, rows.name);
  const pieces = perRow === undefined ? cutSql(sql, tokens) : cutRows(sql, tokens, perRow);
  if (complete) {
    const { name, kind, line, sqlLine } = block;
    const draft = { name, kind, line, sqlLine, annotations, sql, tokens, pieces, shape };
    checkStatement(draft, rules, fault);
  }
  const shard: ShardRule = annotations.shard ?? { by: "name", shard: rules.shards[0] ?? "" };
  const { cache, merge } = annotations;
  const maxRows = annotations.maxRows ??
    (shard.by === "all" || shard.by === "each" ? DEFAULT_SCATTER_ROWS : DEFAULT_MAX_ROWS);
  const batch = annotations.batch && mergedPieces(sql, tokens, annotations.batch);
  for (const spec of annotations.params) {
    if (spec.type.kind === "rows") continue;
    const { badDefault } = new BoundParam(spec, { shard, pieces });
    if (badDefault !== undefined) {
      fault(spec.line, `:${spec.name} has a default that ${badDefault.rule}`);
    }
  }
  return {
    name: block.name,
    kind: block.kind,
    description: block.description,
    file: block.file,
    line: block.line,
    sql,
    pieces: shard.by === "each" ? limited(pieces, maxRows) : pieces,
    params: annotations.params.map(({ line: _, ...spec }) => spec),
    shard,
    columns: annotations.columns,
    ...(cache === undefined ? {} : { cache }),
    invalidates: annotations.invalidates,
    ...(annotations.batch === undefined || batch === undefined || typeof batch === "string"
      ? {}
      : { batch: { ...annotations.batch, pieces: batch } }),
    ...(merge === undefined ? {} : { merge }),
    partialOmit: annotations.partialOmit ?? false,
    consistency: annotations.consistency ?? "eventual",
    timeoutMs: annotations.timeoutMs ?? Math.min(DEFAULT_TIMEOUT_MS, rules.maxTimeoutMs),
    maxRows,
    retry: annotations.retry ?? false,
    scope: annotations.scope ?? (block.kind === "exec" ? "write" : "read"),
    allowFullScan: annotations.allowFullScan ?? false,
  };
}

/** The SQL's tokens, of rows in their long form. */
function scanRows(text: string, { params }: Annotations): ScannedSql {
  const scanned = scanSql(text);
  for (const { name, type } of params) {
    if (type.kind !== "rows") continue;
    const spread = spreadRows(scanned.sql, scanned.tokens, { name, columns: type.columns });
    if (spread === scanned.sql) return scanned;
    const { sql, tokens } = scanSql(spread);
    return { ...scanned, sql, tokens };
  }
  return scanned;
}

/** No shard sends more rows than the whole answer may have, and one that shows there are more. */
function limited(pieces: readonly SqlPiece[], maxRows: number): readonly SqlPiece[] {
  return [...pieces, { text: ` LIMIT ${maxRows + 1}` }];
}

/** `after=:cursor` makes the parameter; a line of its own may describe it, as a string. */
function declareCursor(
  annotations: Annotations,
  fault: (line: number, message: string) => void,
): void {
  const { merge, params, lines } = annotations;
  if (merge?.by !== "order" || merge.after === undefined) return;
  const { after: name } = merge;
  const at = params.findIndex((param) => param.name === name);
  const declared = params[at];
  const line = declared?.line ?? lines.get("merge") ?? 0;
  if (declared !== undefined && declared.type.kind !== "string") {
    fault(line, `:${name} says which page is asked for, and must be a string`);
  }
  const cursor: Annotations["params"][number] = {
    name,
    type: { kind: "string" },
    secret: false,
    default: { kind: "value", value: null },
    line,
  };
  if (at < 0) params.push(cursor);
  else params[at] = cursor;
}
