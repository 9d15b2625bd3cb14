import type { StatementFault, StatementKind, StatementSource } from "./statement.ts";
import { didYouMean } from "./suggest.ts";

/** One `@annotation` line. */
export interface AnnotationLine {
  /** Without the `@`. */
  readonly name: string;
  readonly text: string;
  /** From 1. */
  readonly line: number;
}

/** One statement of a file, before its annotations and its SQL are looked at. */
export interface StatementBlock {
  readonly name: string;
  readonly kind: StatementKind;
  readonly file: string;
  readonly line: number;
  readonly description: string;
  readonly annotations: readonly AnnotationLine[];
  readonly sql: string;
  /** The line on which `sql` begins, from 1. */
  readonly sqlLine: number;
}

const NAME = /^\s*--\s*name:\s*(.*)$/;
const HEADER = /^\s*--\s?(.*)$/;
const ANNOTATION = /^\s*@([A-Za-z]\w*)\s*(.*)$/;
const STATEMENT_NAME = /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$/i;
const KINDS: readonly string[] = ["one", "many", "exec"] satisfies StatementKind[];

/**
 * Cuts a file into its statements: each begins with `-- name: player.get :one`, goes on with
 * comment lines (annotations and the description), and ends where the next one begins.
 */
export function splitFile(
  source: StatementSource,
): { readonly blocks: readonly StatementBlock[]; readonly faults: readonly StatementFault[] } {
  const { file } = source;
  const faults: StatementFault[] = [];
  const fault = (line: number, message: string) => faults.push({ file, line, message });
  const lines = source.text.replace(/^\uFEFF/, "").split(/\r\n|\n/);
  const starts = lines.flatMap((line, index) => NAME.test(line) ? [index] : []);
  const stray = lines.slice(0, starts[0]).findIndex((line) => !/^\s*(--.*)?$/.test(line));
  if (stray >= 0) fault(stray + 1, 'SQL stands before the first "-- name: some.name :one" line');
  const blocks = starts.flatMap((start, index) => {
    const end = starts[index + 1] ?? lines.length;
    const named = readName(NAME.exec(lines[start] ?? "")?.[1] ?? "");
    if (typeof named === "string") {
      fault(start + 1, named);
      return [];
    }
    return [{ file, line: start + 1, ...named, ...readBody(lines, start + 1, { end, fault }) }];
  });
  return { blocks, faults };
}

function readName(text: string): { name: string; kind: StatementKind } | string {
  const [name = "", kind = "", ...rest] = text.trim().split(/\s+/);
  if (!STATEMENT_NAME.test(name) || name.length > 100) {
    return `a statement's name must look like player.get, received "${name}"`;
  }
  if (!kind.startsWith(":") || !KINDS.includes(kind.slice(1)) || rest.length > 0) {
    return `${name} must be followed by :one, :many or :exec and nothing else, received ` +
      `"${[kind, ...rest].join(" ")}"${didYouMean(kind.slice(1), KINDS, ":")}`;
  }
  return { name, kind: kind.slice(1) as StatementKind };
}

function readBody(
  lines: readonly string[],
  start: number,
  options: {
    readonly end: number;
    readonly fault: (line: number, message: string) => void;
  },
): Pick<StatementBlock, "annotations" | "description" | "sql" | "sqlLine"> {
  const { end, fault } = options;
  const annotations: AnnotationLine[] = [];
  const description: string[] = [];
  let at = start;
  for (; at < end; at++) {
    const line = lines[at] ?? "";
    if (line.trim() === "") continue;
    const comment = HEADER.exec(line)?.[1];
    if (comment === undefined) break;
    const annotation = ANNOTATION.exec(comment);
    if (annotation === null) description.push(comment.trim());
    else {
      const [, name = "", text = ""] = annotation;
      annotations.push({ name, text: text.trim(), line: at + 1 });
    }
  }
  for (let below = at; below < end; below++) {
    const comment = HEADER.exec(lines[below] ?? "")?.[1] ?? "";
    const annotation = ANNOTATION.exec(comment);
    if (annotation !== null) {
      fault(below + 1, `@${annotation[1]} must stand above the SQL, next to -- name:`);
    }
  }
  return {
    annotations,
    description: description.join("\n").trim(),
    sql: lines.slice(at, end).join("\n"),
    sqlLine: at < end ? at + 1 : start,
  };
}
