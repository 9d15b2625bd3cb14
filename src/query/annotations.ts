import type { BatchAnnotation } from "./merged_sql.ts";
import { COLUMN_OVERRIDES } from "./column_encoding.ts";
import { readDuration } from "./duration.ts";
import { readParam } from "./param_annotation.ts";
import { readMerge, readShard } from "./shard_annotation.ts";
import type { Consistency, MergeRule, ParamSpec, ShardRule, Statement } from "./statement.ts";
import type { AnnotationLine } from "./statement_file.ts";
import { didYouMean } from "./suggest.ts";
import { readTags } from "./tags.ts";
import { splitOption, splitWords } from "./words.ts";

/** What the annotations of one statement say, before they are held against its SQL. */
export interface Annotations {
  readonly params: (ParamSpec & { readonly line: number })[];
  readonly columns: Record<string, string>;
  readonly invalidates: string[];
  shard?: ShardRule;
  merge?: MergeRule;
  partialOmit?: boolean;
  consistency?: Consistency;
  cache?: NonNullable<Statement["cache"]>;
  batch?: BatchAnnotation;
  timeoutMs?: number;
  maxRows?: number;
  retry?: boolean;
  scope?: string;
  allowFullScan?: boolean;
  /** The line of each annotation, by its name. */
  readonly lines: Map<string, number>;
}

/** Reads one line into the draft; says in sentences what is wrong with it. */
type Reader = (text: string, into: Annotations, line: number) => string | readonly string[] | void;

/** The most rows that a statement may ask for; a session gives one more, so that it shows. */
export const MOST_ROWS = 100_000;
const REPEATABLE = new Set(["param", "column", "invalidates"]);

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["param", (text, into, line) => {
    const { spec, faults } = readParam(text);
    if (spec === undefined) return faults;
    if (into.params.some(({ name }) => name === spec.name)) return `:${spec.name} declared twice`;
    into.params.push({ ...spec, line });
    return faults;
  }],
  ["shard", (text, into) => {
    const rule = readShard(text);
    if (typeof rule === "string") return rule;
    into.shard = rule;
  }],
  ["merge", (text, into) => {
    const rule = readMerge(text);
    if (typeof rule === "string") return rule;
    into.merge = rule;
  }],
  ["partial", (text, into) => {
    if (text !== "omit") return `@partial must be omit, received "${text}"`;
    into.partialOmit = true;
  }],
  ["column", (text, into) => {
    const [name = "", type = "", ...rest] = splitWords(text);
    if (name === "" || type === "" || rest.length > 0) {
      return `@column must be a name and a type, received "${text}"`;
    }
    if (!(COLUMN_OVERRIDES as readonly string[]).includes(type)) {
      return `@column ${name} must be one of ${COLUMN_OVERRIDES.join(", ")}, received "${type}"`;
    }
    if (Object.hasOwn(into.columns, name)) return `@column ${name} is given twice`;
    Object.defineProperty(into.columns, name, { value: type, enumerable: true });
  }],
  ["read", (text, into) => {
    if (text !== "primary" && text !== "session") {
      return `@read must be primary or session, received "${text}"`;
    }
    into.consistency = text === "primary" ? "strong" : "session";
  }],
  ["cache", readCache],
  ["invalidates", (text, into) => {
    const tags = readTags(text);
    if (typeof tags === "string") return `@invalidates ${tags}`;
    into.invalidates.push(...tags);
  }],
  ["batch", (text, into) => {
    const [, column, param] = /^`?(\w+)`?\s*=\s*:(\w+)$/.exec(text) ?? [];
    if (column === undefined || param === undefined) {
      return `@batch must look like id = :playerId, received "${text}"`;
    }
    into.batch = { column, param };
  }],
  ["timeout", (text, into) => {
    const timeoutMs = readDuration(text);
    if (timeoutMs === undefined || timeoutMs < 1) {
      return `@timeout must be a duration such as 250ms, received "${text}"`;
    }
    into.timeoutMs = timeoutMs;
  }],
  ["maxrows", (text, into) => {
    const rows = /^\d+$/.test(text) ? Number(text) : 0;
    if (rows < 1 || rows > MOST_ROWS) {
      return `@maxrows must be a number from 1 to ${MOST_ROWS}, received "${text}"`;
    }
    into.maxRows = rows;
  }],
  ["retry", (text, into) => {
    if (text !== "") return `@retry takes nothing, received "${text}"`;
    into.retry = true;
  }],
  ["scope", (text, into) => {
    if (!/^[a-z0-9_-]+(:[a-z0-9_-]+)*$/.test(text)) {
      return `@scope must look like economy:write, received "${text}"`;
    }
    into.scope = text;
  }],
  ["allow", (text, into) => {
    if (text !== "full-scan") return `@allow must be full-scan, received "${text}"`;
    into.allowFullScan = true;
  }],
]);

/** Reads every annotation of a statement; faults carry their line. */
export function readAnnotations(
  lines: readonly AnnotationLine[],
  fault: (line: number, message: string) => void,
): Annotations {
  const into: Annotations = { params: [], columns: {}, invalidates: [], lines: new Map() };
  for (const { name, text, line } of lines) {
    const reader = READERS.get(name);
    if (reader === undefined) {
      fault(line, `unknown annotation @${name}${didYouMean(name, READERS.keys(), "@")}`);
      continue;
    }
    if (into.lines.has(name) && !REPEATABLE.has(name)) {
      fault(line, `@${name} is given twice`);
      continue;
    }
    into.lines.set(name, line);
    const wrong = reader(text, into, line);
    for (const message of typeof wrong === "string" ? [wrong] : wrong ?? []) fault(line, message);
  }
  return into;
}

function readCache(text: string, into: Annotations): string | void {
  const [name = "", ...words] = splitWords(text.replaceAll(/\s*,\s*/g, ","));
  if (name === "" || name.includes("=")) {
    return `@cache must begin with a cache's name, received "${text}"`;
  }
  const cache: { name: string; ttlMs?: number; swrMs?: number; tags: readonly string[] } = {
    name,
    tags: [],
  };
  for (const word of words) {
    const [key, value] = splitOption(word) ?? [word, ""];
    if (key === "ttl" || key === "swr") {
      const duration = readDuration(value);
      if (duration === undefined) return `@cache has a bad ${key}= "${value}", such as ${key}=30s`;
      cache[key === "ttl" ? "ttlMs" : "swrMs"] = duration;
    } else if (key === "tags") {
      const tags = readTags(value);
      if (typeof tags === "string") return `@cache ${tags}`;
      cache.tags = tags;
    } else {
      return `@cache has an unknown option "${word}"${didYouMean(key, ["ttl", "swr", "tags"])}`;
    }
  }
  if (cache.tags.length === 0) return "@cache must have tags=, such as tags=player:{playerId}";
  into.cache = cache;
}
