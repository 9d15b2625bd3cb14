import { assertEquals } from "@std/assert";
import { formKind } from "../../src/http/docs/schema_text.ts";
import { Reference } from "../../src/http/docs/reference.ts";
import { openApiDocument } from "../../src/http/openapi/document.ts";
import { documentedStatements } from "./documented_statements.ts";

Deno.test("Reference shows a statement's methods together and those of other paths apart", () => {
  const document = openApiDocument({ statements: documentedStatements(), version: "1.2.3" });
  const endpoints = new Reference(document).groups().flatMap(({ endpoints }) => endpoints);
  const shown = (path: string) =>
    endpoints.filter((endpoint) => endpoint.path === path)
      .map((
        { id, methods, fields },
      ) => [id, methods.join(), fields.map(({ name }) => name).join()]);
  assertEquals(shown("/v1/query/player.get"), [["player.get", "GET,POST", "playerId"]]);
  assertEquals(shown("/v1/locks/{name}"), [
    ["get-/v1/locks/{name}", "GET", "name"],
    ["post-/v1/locks/{name}", "POST", "name,body"],
    ["put-/v1/locks/{name}", "PUT", "name,body"],
    ["delete-/v1/locks/{name}", "DELETE", "name,force"],
  ]);
  assertEquals(shown("/v1/caches/{cache}/entries/{key}"), [
    ["get-/v1/caches/{cache}/entries/{key}", "GET", "cache,key"],
    ["put-/v1/caches/{cache}/entries/{key}", "PUT", "cache,key,body"],
    ["delete-/v1/caches/{cache}/entries/{key}", "DELETE", "cache,key"],
  ]);
  assertEquals(shown("/v1/topology"), [["/v1/topology", "GET", ""]]);
});

Deno.test("Reference takes rows as JSON, and leaves out an id that is made", () => {
  const document = openApiDocument({ statements: documentedStatements(), version: "1.2.3" });
  const endpoints = new Reference(document).groups().flatMap(({ endpoints }) => endpoints);
  const fields = endpoints.find(({ id }) => id === "player.found")?.fields ?? [];
  assertEquals(
    fields.map(({ name, schema, required, value }) => [name, formKind(schema), required, value]),
    [
      ["playerId", "text", false, undefined],
      ["items", "json", true, [{ item: "bow", amount: 1, price: "0" }]],
    ],
  );
});
