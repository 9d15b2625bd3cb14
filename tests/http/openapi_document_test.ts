import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openApiDocument } from "../../src/http/openapi/document.ts";
import type { Schema } from "../../src/http/openapi/scalar_schema.ts";
import { isEntryKey, isTag } from "../../src/cache/names.ts";
import { parseFence } from "../../src/query/fence.ts";
import { documentedStatements } from "./documented_statements.ts";

const VERSION = "1.2.3";

function documented(): Schema {
  return openApiDocument({ statements: documentedStatements(), version: VERSION });
}

/** The value at a path of names. */
function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inner, name) => (inner as Record<string, unknown> | undefined)?.[name],
    value,
  );
}

function body(document: Schema, path: string): unknown {
  return at(
    document,
    "paths",
    path,
    "post",
    "requestBody",
    "content",
    "application/json",
    "example",
  );
}

Deno.test("openApiDocument has an operation for each statement", () => {
  const document = documented();
  const methods = Object.fromEntries(
    Object.entries(document["paths"] as Schema)
      .filter(([path]) => /^\/v1\/(query|exec)\//.test(path))
      .map(([path, item]) => [path, Object.keys(item as Schema)]),
  );
  assertEquals(methods, {
    "/v1/query/account.login": ["post"],
    "/v1/query/guild.all": ["get", "post"],
    "/v1/query/guild.broken": ["get", "post"],
    "/v1/query/leaderboard.top": ["get", "post"],
    "/v1/exec/player.add_gold": ["post"],
    "/v1/exec/player.found": ["post"],
    "/v1/query/player.get": ["get", "post"],
    "/v1/exec/player.rename": ["post"],
    "/v1/query/player.search": ["get", "post"],
  });
});

Deno.test("openApiDocument types a row by its columns", () => {
  const schemas = at(documented(), "components", "schemas");
  const row = at(schemas, "player.get.Row", "properties");
  const type = (name: string) => {
    const { type, format, contentEncoding } = at(row, name) as Schema;
    return [type, format ?? contentEncoding];
  };
  assertEquals(type("id"), ["string", "int64"]);
  assertEquals(type("level"), ["integer", "int64"]);
  assertEquals(type("balance"), [["string", "null"], "decimal"]);
  assertEquals(type("ratio"), ["number", "double"]);
  assertEquals(type("vip"), ["boolean", undefined]);
  assertEquals(type("name"), [["string", "null"], undefined]);
  assertEquals(type("icon"), [["string", "null"], "base64"]);
  assertEquals(type("seen"), ["string", "date-time"]);
  assertEquals(type("born"), [["string", "null"], "date"]);
  assertEquals(type("profile"), [undefined, undefined]);
  assertEquals(type("device"), ["string", "uuid"]);
  assertEquals(at(schemas, "player.rename.Row", "required"), ["id", "name"]);
  assertEquals(at(schemas, "player.add_gold.Row"), undefined);
});

Deno.test("openApiDocument gives parameters their limits", () => {
  const document = documented();
  const params = at(document, "components", "schemas", "player.search.Params");
  const param = (name: string) => at(params, "properties", name) as Schema;
  assertEquals(param("ids")["items"], {
    type: "string",
    format: "int64",
    pattern: "^(0|-?[1-9][0-9]{0,18})$",
  });
  assertEquals(param("state")["enum"], ["active", "banned", null]);
  assertEquals(param("state")["default"], "active");
  assertEquals(param("name")["maxLength"], 64);
  assertStringIncludes(String(param("price")["description"]), "From 0 to 100.5");
  assertEquals([param("small")["minimum"], param("small")["maximum"]], [-5, 5]);
  assertEquals(param("limit"), {
    type: "integer",
    format: "int32",
    minimum: 0,
    maximum: 500,
    default: 50,
  });
  assertEquals(at(params, "required"), [
    "ids",
    "name",
    "price",
    "rate",
    "ratio",
    "since",
    "seen",
    "raw",
    "big",
    "small",
  ]);
  const inAddress = at(document, "paths", "/v1/query/player.search", "get", "parameters");
  const names = (inAddress as readonly Schema[]).map((parameter) => parameter["name"]);
  assert(names.includes("ids") && !names.includes("extra"), "JSON stands in a body only");
});

Deno.test("openApiDocument types the rows that a write takes, and the id that it makes", () => {
  const document = documented();
  const path = "/v1/exec/player.found";
  const params = at(document, "components", "schemas", "player.found.Params");
  assertEquals(at(params, "required"), ["items"]);
  assertEquals(at(params, "properties", "items"), {
    type: "array",
    minItems: 1,
    maxItems: 50,
    items: {
      type: "object",
      required: ["item", "amount", "price"],
      properties: {
        item: { type: ["string", "null"], maxLength: 64, enum: ["bow", "axe", null] },
        amount: { type: ["integer", "null"], format: "int32", minimum: 1, maximum: 99 },
        price: {
          description: "At least 0.",
          type: ["string", "null"],
          format: "decimal",
          pattern: "^-?(0|[1-9][0-9]{0,6})(\\.[0-9]{1,2})?$",
        },
      },
      additionalProperties: false,
    },
  });
  assertEquals(body(document, path), {
    params: { items: [{ item: "bow", amount: 1, price: "0" }] },
  });
  const id = at(params, "properties", "playerId", "description");
  assertStringIncludes(String(id), "a new id, unique in the fleet");
  const content = at(document, "paths", path, "post", "responses", 200, "content");
  const schema = at(content, "application/json", "schema");
  assertEquals(at(schema, "required"), ["affectedRows", "insertId"]);
  const generated = at(schema, "properties", "generated", "properties", "playerId");
  assertEquals(at(generated, "format"), "int64");
  const plain = at(document, "paths", "/v1/exec/player.add_gold", "post", "responses", 200);
  const others = at(plain, "content", "application/json", "schema", "properties");
  assertEquals(Object.keys(others as Schema), ["affectedRows", "insertId"]);
});

Deno.test("openApiDocument gives examples that the statements accept", () => {
  const document = documented();
  for (const compiled of documentedStatements()) {
    const { name, kind } = compiled.statement;
    const path = `/v1/${kind === "exec" ? "exec" : "query"}/${name}`;
    compiled.bindJson(at(body(document, path), "params"), ["4096"]);
    const parameters = at(document, "paths", path, "get", "parameters");
    if (parameters === undefined) continue;
    const query = new URLSearchParams();
    for (const { name, in: place, example } of parameters as readonly Schema[]) {
      if (place !== "query") continue;
      for (const value of [example].flat()) query.append(String(name), String(value));
    }
    compiled.bindQuery(query.toString());
  }
});

Deno.test("openApiDocument says of a statement that cannot run that it cannot", () => {
  const paths = documented()["paths"];
  const description = (path: string) => String(at(paths, path, "post", "description"));
  assertStringIncludes(description("/v1/query/guild.broken"), "**Unavailable**");
  assert(!description("/v1/query/player.get").includes("Unavailable"));
  assertEquals(
    at(paths, "/v1/query/guild.broken", "get", "x-realmgate", "available"),
    false,
  );
});

Deno.test("openApiDocument tells neither SQL, nor a server's words, nor a secret, nor an address", () => {
  const text = JSON.stringify(documented());
  for (const hidden of ["SELECT", "UPDATE ", "hidden_column", "do-not-show"]) {
    assert(!text.includes(hidden), `It must not hold ${hidden}`);
  }
  assertEquals(text.match(/[a-z]+:\/\/[^"]*/g), null);
});

Deno.test("openApiDocument asks for each statement's scope, and for no key at the probes", () => {
  const paths = documented()["paths"];
  const security = (path: string, method: string) => at(paths, path, method, "security");
  assertEquals(security("/v1/exec/player.add_gold", "post"), [{ apiKey: ["economy:write"] }]);
  assertEquals(security("/v1/query/player.get", "get"), [{ apiKey: ["read"] }]);
  assertEquals(security("/livez", "get"), []);
});

Deno.test("openApiDocument gives write_outcome_unknown to writes only", () => {
  const document = documented();
  const unavailable = (path: string, method: string) => {
    const ref = at(document, "paths", path, method, "responses", "503", "$ref");
    return JSON.stringify(at(document, ...String(ref).slice(2).split("/")));
  };
  assertStringIncludes(unavailable("/v1/exec/player.rename", "post"), "write_outcome_unknown");
  assert(!unavailable("/v1/query/player.get", "get").includes("write_outcome_unknown"));
});

Deno.test("openApiDocument offers a fence to writes and to a batch's calls only", () => {
  const document = documented();
  const takes = (path: string, method: string) =>
    JSON.stringify(at(document, "paths", path, method, "parameters")).includes("Realmgate-Fence");
  const answers412 = (path: string, method: string) =>
    at(document, "paths", path, method, "responses", "412") !== undefined;
  for (
    const [path, method, fenced] of [
      ["/v1/exec/player.rename", "post", true],
      ["/v1/query/player.get", "get", false],
      ["/v1/query/player.get", "post", false],
      ["/v1/batch", "post", false],
    ] as const
  ) assertEquals([takes(path, method), answers412(path, method)], [fenced, fenced], path);
  const call = at(document, "components", "schemas", "BatchCall");
  assert(at(call, "properties", "fence", "pattern") !== undefined);
  assertEquals(at(call, "required"), ["statement"]);
  for (const member of ["lock", "fence", "newest"]) {
    assert(at(document, "components", "schemas", "Problem", "properties", member) !== undefined);
  }
});

Deno.test("openApiDocument's pattern of a fence is the one that requests are read by", () => {
  const pattern = new RegExp(
    String(at(documented(), "components", "parameters", "Realmgate-Fence", "schema", "pattern")),
  );
  for (const text of ["raid:7=1", "a=9223372036854775807", "raid=07", "raid 7=1", "raid=", "=1"]) {
    assertEquals(pattern.test(text), parseFence(text) !== undefined, text);
  }
});

Deno.test("openApiDocument offers an ETag where an answer may come from a cache", () => {
  const document = documented();
  const offers = (path: string, method: string) => {
    const operation = JSON.stringify(at(document, "paths", path, method));
    return ["headers/ETag", "parameters/If-None-Match", "responses/NotModified"]
      .map((name) => operation.includes(`#/components/${name}"`));
  };
  const entry = "/v1/caches/{cache}/entries/{key}";
  assertEquals(offers("/v1/query/player.get", "get"), [true, true, true]);
  assertEquals(offers("/v1/query/player.get", "post"), [true, false, false]);
  assertEquals(offers("/v1/query/player.search", "get"), [false, false, false]);
  assertEquals(offers("/v1/exec/player.add_gold", "post"), [false, false, false]);
  assertEquals(offers(entry, "get"), [true, true, true]);
  assertEquals(offers(entry, "put"), [false, false, false]);
  const text = (path: string) => String(at(document, "paths", path, "post", "description"));
  assertStringIncludes(text("/v1/query/player.get"), "the cache `players`");
  assertStringIncludes(text("/v1/exec/player.add_gold"), "Drops `player:{playerId}`");
});

Deno.test("openApiDocument's patterns of keys and tags are the ones that requests are read by", () => {
  const document = documented();
  const [, key] = at(
    document,
    "paths",
    "/v1/caches/{cache}/entries/{key}",
    "parameters",
  ) as Schema[];
  const keys = new RegExp(String(at(key, "schema", "pattern")));
  for (const text of ["eu/raid:7", "a", "-a", "a b", "ü", "x".repeat(512), "x".repeat(513)]) {
    assertEquals(keys.test(text), isEntryKey(text), text);
  }
  const tag = at(document, "components", "schemas", "Invalidation", "properties", "tags", "items");
  const { pattern, maxLength } = tag as { pattern: string; maxLength: number };
  for (const text of ["player:42", "x:%C3%BC", "#players", "x:%c3", "", "x".repeat(513)]) {
    assertEquals(new RegExp(pattern).test(text) && text.length <= maxLength, isTag(text), text);
  }
});

Deno.test("openApiDocument refers to nothing that is missing and keeps nothing unused", () => {
  for (const statements of [[], documentedStatements(), documentedStatements().slice(2, 3)]) {
    const document = openApiDocument({ statements, version: VERSION });
    const refs = new Set(JSON.stringify(document).match(/#\/components\/[^"]+/g));
    for (const ref of refs) {
      assert(at(document, ...ref.slice(2).split("/")) !== undefined, `${ref} must exist`);
    }
    for (const [kind, entries] of Object.entries(document["components"] as Schema)) {
      if (kind === "securitySchemes") continue;
      for (const name of Object.keys(entries as Schema)) {
        assert(refs.has(`#/components/${kind}/${name}`), `${kind}/${name} must be used`);
      }
    }
  }
});
