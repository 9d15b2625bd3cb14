import type { ShardRule, Statement, StatementFacts } from "../../query/statement.ts";

/** The first sentence of a statement's comment, or its name. */
export function summarize({ name, description }: Statement): string {
  return sentences(description)[0] ?? name;
}

/** A statement's comment past its first sentence, and what its annotations mean to a caller. */
export function describeStatement(
  { statement, facts }: {
    readonly statement: Statement;
    readonly facts?: StatementFacts | undefined;
  },
): string {
  const rest = sentences(statement.description)[1];
  return [unavailability(statement, facts), rest, behaviour(statement)]
    .filter((part) => part !== undefined).join("\n\n");
}

function sentences(description: string): readonly string[] {
  const text = description.trim();
  const [, first, rest] = /^([\s\S]+?[.!?])(?:\s+|$)([\s\S]*)$/.exec(text) ?? [];
  return [first ?? text, rest ?? ""].filter((part) => part !== "")
    .map((part, index) => index === 0 ? part.replaceAll(/\s+/g, " ") : part);
}

/** The server's own refusal can quote SQL, so it is not repeated. */
function unavailability(
  { name }: Statement,
  facts: StatementFacts | undefined,
): string | undefined {
  if (facts?.unavailable === undefined) return undefined;
  return "**Unavailable**: the database refuses it at the moment, so it answers 503 " +
    `\`statement_unavailable\`; \`/v1/statements/${name}\` tells more.`;
}

function behaviour(statement: Statement): string {
  const limit = `stopped after ${statement.timeoutMs} ms`;
  if (statement.kind === "exec") {
    const repeat = statement.retry
      ? "safe to repeat"
      : "never repeated by the service once it was sent";
    const drops = statement.invalidates.length === 0
      ? ""
      : ` Drops ${statement.invalidates.map((tag) => `\`${tag}\``).join(", ")} from the caches.`;
    return `${shardSentence(statement.shard)} Writes to the primary; ${repeat}; ${limit}.${drops}`;
  }
  const source = statement.consistency === "strong" ? "the primary" : "a replica";
  const cache = statement.cache === undefined
    ? ""
    : ` Answered from the cache \`${statement.cache.name}\` where that has it, unless the caller ` +
      "asks for session or strong consistency.";
  return `${shardSentence(statement.shard)} Reads ${source}; ${limit}.${cache}`;
}

function shardSentence(rule: ShardRule): string {
  switch (rule.by) {
    case "key":
      return `Goes to the shard of \`${rule.param}\`.`;
    case "each":
      return `Goes to the shards of \`${rule.param}\`.`;
    case "all":
      return "Goes to every shard.";
    case "any":
      return "Goes to any one shard.";
    case "name":
      return `Goes to the shard \`${rule.shard}\`.`;
  }
}
