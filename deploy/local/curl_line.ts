import { splitFile, type StatementBlock } from "../../src/query/statement_file.ts";
import type { StatementSource } from "../../src/query/statement.ts";

/**
 * A `curl` command for the first statement that can be asked with its own examples; one that
 * reads a single row by its key is preferred. `undefined` where there is none.
 */
export function curlLine(
  options: {
    readonly sources: readonly StatementSource[];
    readonly url: string;
    /** Without one, the shell's `$REALMGATE_API_KEY`. */
    readonly apiKey: string | undefined;
  },
): string | undefined {
  const reads = options.sources.flatMap((source) => splitFile(source).blocks)
    .filter(({ kind }) => kind !== "exec");
  const best = reads.filter((block) => block.kind === "one" && shardOf(block).startsWith(":"));
  for (const block of [...best, ...reads]) {
    const query = exampleQuery(block);
    if (query === undefined) continue;
    const key = options.apiKey ?? "$REALMGATE_API_KEY";
    const path = `${options.url}/v1/query/${block.name}${query === "" ? "" : `?${query}`}`;
    return `curl -H "Authorization: Bearer ${key}" '${path}'`;
  }
  return undefined;
}

function shardOf(block: StatementBlock): string {
  return block.annotations.find(({ name }) => name === "shard")?.text ?? "";
}

/** The examples as a query string; `undefined` where a parameter has neither example nor default. */
function exampleQuery(block: StatementBlock): string | undefined {
  const query = new URLSearchParams();
  for (const { name, text } of block.annotations) {
    if (name !== "param") continue;
    const [param = "", ...rest] = text.split(/\s+/);
    const example = rest.find((word) => word.startsWith("example="))?.slice("example=".length);
    if (rest.includes("secret")) return undefined;
    if (example !== undefined) query.set(param, example);
    else if (!rest.some((word) => word.startsWith("default="))) return undefined;
  }
  return query.toString();
}
