import type { Annotations } from "./annotations.ts";
import { mergedPieces } from "./merged_sql.ts";
import { checkRows } from "./rows_rules.ts";
import type { SqlShape } from "./sql_shape.ts";
import { scatterFaults } from "./scatter/scatter_rules.ts";
import { standsInList } from "./sql_pieces.ts";
import type { SqlToken } from "./sql_scanner.ts";
import type { ParamSpec, ParamType, SqlPiece, StatementKind } from "./statement.ts";
import { didYouMean } from "./suggest.ts";
import { tagParams } from "./tags.ts";

/** What statements are held against: the shards and caches that the configuration names. */
export interface StatementRules {
  readonly shards: readonly string[];
  readonly caches: readonly string[];
  readonly maxTimeoutMs: number;
}

/** One statement as the rules see it. */
export interface StatementDraft {
  readonly name: string;
  readonly kind: StatementKind;
  readonly line: number;
  /** The line on which the tokens' line 0 lies. */
  readonly sqlLine: number;
  readonly annotations: Annotations;
  /** The SQL that the tokens are of. */
  readonly sql: string;
  readonly tokens: readonly SqlToken[];
  readonly pieces: readonly SqlPiece[];
  readonly shape: SqlShape;
}

/** Adds a fault at a line of the statement's file. */
export type Fault = (line: number, message: string) => void;

const WHOLE = new Set(["bigint", "ubigint", "int"]);

/** Holds a statement's annotations, its kind and its SQL against each other. */
export function checkStatement(draft: StatementDraft, rules: StatementRules, fault: Fault): void {
  for (const { line, message } of draft.shape.refusals) fault(draft.sqlLine + line, message);
  checkKind(draft, fault);
  checkParams(draft, fault);
  checkRows(draft, fault);
  checkShard(draft, rules, fault);
  checkScatter(draft, fault);
  checkCache(draft, rules, fault);
  checkBatch(draft, fault);
  const { timeoutMs, lines } = draft.annotations;
  if (timeoutMs !== undefined && timeoutMs > rules.maxTimeoutMs) {
    const message = `@timeout must be at most ${rules.maxTimeoutMs}ms, the longest deadline`;
    fault(lines.get("timeout") ?? draft.line, message);
  }
}

function checkKind(draft: StatementDraft, fault: Fault): void {
  const { kind, shape, line, annotations } = draft;
  if (shape.refusals.length > 0) return;
  if (shape.writes && kind !== "exec") fault(line, `${draft.name} writes: it must be :exec`);
  if (!shape.writes && kind === "exec") {
    fault(line, `${draft.name} only reads: it must be :one or :many`);
  }
  const at = (name: string) => annotations.lines.get(name) ?? line;
  if (shape.writes && annotations.consistency !== undefined) {
    fault(at("read"), "@read belongs to reads; writes go to the primary");
  }
  if (shape.writes && annotations.lines.has("maxrows") && !usesWord(draft, "RETURNING")) {
    fault(at("maxrows"), "@maxrows belongs to statements that answer rows");
  }
}

function checkParams(draft: StatementDraft, fault: Fault): void {
  const { annotations, tokens, sqlLine } = draft;
  const declared = new Map(annotations.params.map((param) => [param.name, param]));
  const used = new Set<string>();
  tokens.forEach((token, at) => {
    if (token.kind !== "param") return;
    const [name = "", column] = token.text.split(".");
    used.add(name);
    const param = declared.get(name);
    const line = sqlLine + token.line;
    if (param === undefined) {
      const hint = didYouMean(name, declared.keys(), ":");
      fault(line, `:${name} not declared${hint === "" ? ": add a @param line" : hint}`);
    } else if (column !== undefined && param.type.kind !== "rows") {
      fault(line, `:${token.text}: :${name} is ${param.type.kind}, which has no columns`);
    } else if (param.type.kind === "array" && !standsInList(tokens, at)) {
      fault(line, `:${token.text} is a list and must stand in parentheses, such as IN (:ids)`);
    }
  });
  const bare = new Set(draft.pieces.flatMap((p) => "param" in p && p.bare ? p.param : []));
  for (const { name, type, min, line, default: fallback } of annotations.params) {
    if (fallback?.kind === "id" && !draft.shape.writes) {
      fault(line, `:${name} has default=id(), which belongs to writes`);
    }
    if (!used.has(name)) {
      fault(line, `:${name} declared but not in the SQL${didYouMean(name, used, ":")}`);
    }
    if (bare.has(name) && !WHOLE.has(type.kind)) {
      fault(line, `:${name} stands in LIMIT and must be bigint, ubigint or int`);
    } else if (bare.has(name) && min?.startsWith("-")) {
      fault(line, `:${name} stands in LIMIT and cannot be negative`);
    }
  }
}

function checkShard(draft: StatementDraft, rules: StatementRules, fault: Fault): void {
  const { annotations: { shard, lines }, kind } = draft;
  const line = lines.get("shard") ?? draft.line;
  if (shard === undefined) {
    if (rules.shards.length > 1 && !lines.has("shard")) {
      fault(line, `${draft.name} has no @shard, and there are ${rules.shards.length} shards`);
    }
    return;
  }
  switch (shard.by) {
    case "all":
    case "any":
      if (kind === "exec") fault(line, `@shard ${shard.by} is for reads, not for :exec`);
      return;
    case "name":
      if (!rules.shards.includes(shard.shard)) {
        fault(line, `unknown shard ${shard.shard}${didYouMean(shard.shard, rules.shards)}`);
      }
      return;
    case "key":
    case "each":
      checkKey(draft, shard, fault);
  }
}

function checkScatter(draft: StatementDraft, fault: Fault): void {
  const { annotations, kind, sql, tokens } = draft;
  const { shard, merge, partialOmit = false, lines } = annotations;
  if (merge?.by === "order") mustDeclare(draft, merge.limit, lines.get("merge") ?? 0, fault);
  const faults = scatterFaults({
    kind,
    shard,
    merge,
    partialOmit,
    cached: annotations.cache !== undefined,
    batched: annotations.batch !== undefined,
    sql,
    tokens,
  });
  for (const { annotation, message } of faults) {
    fault(lines.get(annotation) ?? draft.line, message);
  }
}

function checkKey(
  draft: StatementDraft,
  shard: { readonly by: "key" | "each"; readonly param: string; readonly fold: boolean },
  fault: Fault,
): void {
  const line = draft.annotations.lines.get("shard") ?? draft.line;
  if (shard.by === "each" && draft.kind === "exec") {
    return fault(
      line,
      "@shard each(…) is for reads, not for :exec: a write over several shards could be applied " +
        "in part; take the key as a parameter of its own",
    );
  }
  const param = mustDeclare(draft, shard.param, line, fault);
  if (param === undefined) return;
  const { type } = param;
  if (shard.by === "each" && type.kind !== "array") {
    return fault(line, `@shard each(:${param.name}) needs a list, such as bigint[]`);
  }
  if (shard.by === "key" && type.kind === "array") {
    return fault(line, `:${param.name} is a list: write @shard each(:${param.name})`);
  }
  if (type.kind === "rows") {
    fault(
      line,
      `:${param.name} is rows(…), and a write goes to one shard: take the key as a parameter of ` +
        "its own",
    );
  } else if (!isKeyType(type)) {
    fault(line, `:${param.name} chooses the shard and must be whole or a string`);
  } else if (shard.fold && scalarKind(type) !== "string") {
    fault(line, `fold=ci is for strings, and :${param.name} is none`);
  }
}

function checkCache(draft: StatementDraft, rules: StatementRules, fault: Fault): void {
  const { annotations: { cache, invalidates, consistency, lines }, shape } = draft;
  const cacheLine = lines.get("cache") ?? draft.line;
  const dropLine = lines.get("invalidates") ?? draft.line;
  if (cache !== undefined) {
    if (!rules.caches.includes(cache.name)) {
      fault(cacheLine, `unknown cache ${cache.name}${didYouMean(cache.name, rules.caches)}`);
    }
    if (shape.writes) fault(cacheLine, `${draft.name} writes and cannot be cached`);
    if (consistency !== undefined) fault(cacheLine, "@cache and @read exclude each other");
    checkTags(draft, cache.tags, { line: cacheLine, fault });
  }
  if (invalidates.length > 0) {
    if (!shape.writes && shape.refusals.length === 0) {
      fault(dropLine, `@invalidates belongs to writes, and ${draft.name} only reads`);
    }
    checkTags(draft, invalidates, { line: dropLine, fault });
  }
}

function checkTags(
  draft: StatementDraft,
  tags: readonly string[],
  at: { readonly line: number; readonly fault: Fault },
): void {
  for (const name of new Set(tags.flatMap(tagParams))) {
    const param = mustDeclare(draft, name, at.line, at.fault);
    if (param === undefined) continue;
    if (param.secret) at.fault(at.line, `:${name} is secret and cannot be part of a tag`);
    else if (["array", "rows", "json", "bytes"].includes(param.type.kind)) {
      at.fault(at.line, `:${name} is ${param.type.kind} and cannot be part of a tag`);
    }
  }
}

function checkBatch(draft: StatementDraft, fault: Fault): void {
  const { annotations: { batch, lines }, tokens, shape } = draft;
  if (batch === undefined) return;
  const line = lines.get("batch") ?? draft.line;
  if (shape.writes) return fault(line, "@batch belongs to reads");
  if (shape.unmergeable !== undefined) {
    fault(line, `@batch cannot merge calls of a statement with ${shape.unmergeable}`);
  }
  const param = mustDeclare(draft, batch.param, line, fault);
  if (param === undefined) return;
  if (!isKeyType(param.type) || param.type.kind === "array") {
    fault(line, `:${param.name} is in @batch and must be whole or a string`);
  }
  const places = tokens.flatMap((token, at) =>
    token.kind === "param" && token.text === batch.param ? [at] : []
  );
  const [at = -1] = places;
  const compares = tokens[at - 1]?.text === "=" &&
    tokens[at - 2]?.upper === batch.column.toUpperCase();
  if (places.length !== 1 || !compares) {
    return fault(line, `@batch needs ${batch.column} = :${batch.param} in the SQL, once`);
  }
  if (shape.unmergeable !== undefined) return;
  const merged = mergedPieces(draft.sql, tokens, batch);
  if (typeof merged === "string") fault(line, `@batch cannot merge calls: ${merged}`);
}

function mustDeclare(
  draft: StatementDraft,
  name: string,
  line: number,
  fault: Fault,
): ParamSpec | undefined {
  const { params } = draft.annotations;
  const param = params.find((candidate) => candidate.name === name);
  if (param !== undefined) return param;
  fault(line, `:${name} not declared${didYouMean(name, params.map((p) => p.name), ":")}`);
}

function scalarKind(type: ParamType): string {
  return type.kind === "array" ? type.of.kind : type.kind;
}

function isKeyType(type: ParamType): boolean {
  return WHOLE.has(scalarKind(type)) || scalarKind(type) === "string";
}

function usesWord(draft: StatementDraft, word: string): boolean {
  return draft.tokens.some((token) => token.kind === "word" && token.upper === word);
}
