import { adminPaths } from "./admin_paths.ts";
import { adminSchemas } from "./admin_schemas.ts";
import { CACHE_TAG, cachePaths } from "./cache_paths.ts";
import { cacheSchemas } from "./cache_schemas.ts";
import { components } from "./components.ts";
import { FIXED_TAGS, fixedPaths } from "./fixed_paths.ts";
import { fixedSchemas } from "./fixed_schemas.ts";
import { LOCK_TAG, lockPaths } from "./lock_paths.ts";
import { lockSchemas } from "./lock_schemas.ts";
import { monitorPaths } from "./monitor_paths.ts";
import { monitorSchemas } from "./monitor_schemas.ts";
import { partitionPaths } from "./partition_paths.ts";
import { partitionSchemas } from "./partition_schemas.ts";
import type { Schema } from "./scalar_schema.ts";
import {
  canGet,
  type DocumentedStatement,
  exampleParams,
  statementPath,
  statementPathItem,
  statementSchemas,
  statementTag,
} from "./statement_paths.ts";

/** What a document is made from. */
export interface OpenApiOptions {
  readonly statements: readonly DocumentedStatement[];
  /** Where the service is. @default {"/"}, the document's own origin */
  readonly serverUrl?: string;
  /** The service's version. */
  readonly version: string;
}

const ABOUT = `Named SQL statements over HTTP, on a sharded and replicated fleet.

Every call but the probes carries \`Authorization: Bearer <key>\`. 64-bit integers and decimals are
JSON strings, always; in a parameter a safe integer is accepted in the string's place. Clients whose
JSON reads 64-bit integers may send \`Accept: application/json; int64=number\`, and get numbers.

Every error is \`application/problem+json\`: branch on its \`code\`, never on its texts. \`outcome\`
says whether anything was written, \`retry\` whether the same request may be sent again.`;

/**
 * The OpenAPI 3.1 document of a registry: one typed operation per statement and method, and the
 * fixed routes. It names no address but its own server's, and holds neither SQL nor a server's
 * error text. It is built anew at each call: keep its JSON as long as the registry stays.
 *
 * @example
 * ```ts
 * import { openApiDocument } from "./document.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const document = openApiDocument({ statements: [], version: "1.2.3" });
 * assertEquals(document["openapi"], "3.1.0");
 * ```
 */
export function openApiDocument(options: OpenApiOptions): Schema {
  const { serverUrl = "/", version } = options;
  const statements = options.statements.toSorted((a, b) =>
    a.statement.name < b.statement.name ? -1 : 1
  );
  const first = statements.find(({ statement, facts }) =>
    canGet(statement) && facts?.unavailable === undefined
  )?.statement;
  const paths = {
    ...Object.fromEntries(
      statements.map((documented) => [
        statementPath(documented.statement),
        statementPathItem(documented),
      ]),
    ),
    ...lockPaths(),
    ...cachePaths(),
    ...monitorPaths(),
    ...partitionPaths(),
    ...adminPaths(),
    ...fixedPaths(
      first && { statement: first.name, params: exampleParams(first.params) },
    ),
  };
  const tags = [...new Set(statements.map(({ statement }) => statementTag(statement)))];
  return {
    openapi: "3.1.0",
    info: {
      title: "Realmgate",
      version,
      summary: "An HTTP data gateway for game servers.",
      description: ABOUT,
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: serverUrl }],
    security: [{ apiKey: [] }],
    tags: [
      ...tags.map((name) => ({ name, description: `Statements named \`${name}.…\`.` })),
      LOCK_TAG,
      CACHE_TAG,
      ...FIXED_TAGS,
    ],
    paths,
    components: used(
      components({
        ...fixedSchemas(),
        ...lockSchemas(),
        ...cacheSchemas(),
        ...monitorSchemas(),
        ...partitionSchemas(),
        ...adminSchemas(),
        ...Object.fromEntries(
          statements.flatMap((documented) => Object.entries(statementSchemas(documented))),
        ),
      }),
      paths,
    ),
  };
}

/** Components without those that nothing names: not every registry needs every response. */
function used(all: Schema, paths: Schema): Schema {
  const text = JSON.stringify(paths) + JSON.stringify(all);
  const named = new Set(text.match(/#\/components\/[^"]+/g));
  return Object.fromEntries(
    Object.entries(all).map(([kind, entries]) => [
      kind,
      kind === "securitySchemes" ? entries : Object.fromEntries(
        Object.entries(entries as Schema)
          .filter(([name]) => named.has(`#/components/${kind}/${name}`)),
      ),
    ]),
  );
}
