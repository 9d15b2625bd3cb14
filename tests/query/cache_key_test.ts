import { assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import type { Given } from "../../src/query/bound_param.ts";
import { keyTemplate, tagsTemplate } from "../../src/query/cache_key.ts";

Deno.test("keyTemplate names what was given when values are plain", () => {
  assertEquals(keyTemplate("player.get", ["playerId"])(["42"]), "player.get?playerId=42");
  assertEquals(keyTemplate("a", ["x", "y"])(["1", null]), "a?x=1&y");
  assertEquals(keyTemplate("a", ["ids"])([["1", "2"]]), "a?ids=1,2,");
  assertEquals(keyTemplate("a", [])([]), "a");
});

const scalar = fc.oneof(
  fc.constant(null),
  fc.string({ unit: "binary" }).filter((text) => text.isWellFormed()),
  fc.integer().map(String),
  fc.constantFrom("&", "=", "a&y=b", "1,2,", "%26", ";int64=number"),
);
const list = fc.array(scalar.filter((value) => value !== null), { maxLength: 3 });
/** What two parameters are given, each of which always takes a list or never does. */
const GIVEN = [[scalar, scalar], [scalar, list], [list, list]].map((kinds) =>
  fc.tuple(...kinds) as fc.Arbitrary<Given[]>
);

Deno.test("keyTemplate keeps calls apart when any value differs", () => {
  const key = keyTemplate("s", ["x", "y"]);
  for (const given of GIVEN) {
    fc.assert(fc.property(given, given, (one, other) => {
      if (JSON.stringify(one) === JSON.stringify(other)) assertEquals(key(one), key(other));
      else assertNotEquals(key(one), key(other));
    }));
  }
});

Deno.test("tagsTemplate fills parameters in and keeps tags apart from a cache's own", () => {
  const tags = tagsTemplate(["player:{id}", "{name}", "all"], { params: ["name", "id"] });
  assertEquals(tags(["#players", "7"]), ["player:7", "%23players", "all"]);
});

Deno.test("tagsTemplate makes one tag of a key's spellings when the database folds them", () => {
  const tags = tagsTemplate(["p:{name}"], { params: ["name"], folded: "name" });
  assertEquals([tags(["Ann"]), tags(["ANN"])], [["p:ann"], ["p:ann"]]);
});
