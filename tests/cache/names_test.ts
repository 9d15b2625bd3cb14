import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { keyTag, parseOwnTag, tagPart, wholeTag } from "../../src/cache/names.ts";

Deno.test("tagPart leaves plain values as they are and encodes the rest", () => {
  assertEquals(tagPart("a-Z_0.9:x"), "a-Z_0.9:x");
  assertEquals(tagPart("#a b/ü"), "%23a%20b%2F%C3%BC");
  assertEquals(tagPart("O'Neil: (a*b)!~"), "O%27Neil:%20%28a%2Ab%29%21%7E");
  assertEquals(tagPart(""), "");
});

Deno.test("tagPart gives different values different parts, none of which is a tag of a cache's own", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "#", "/", "%", "2", "3", " ", "ü") });
  fc.assert(fc.property(text, text, (one, other) => {
    assertEquals(tagPart(one) === tagPart(other), one === other);
    assertEquals(parseOwnTag(tagPart(one)), undefined);
    assertEquals(/[#/ ]/.test(tagPart(one)), false);
  }));
});

Deno.test("parseOwnTag reads what wholeTag and keyTag write, whatever is in the key", () => {
  const cache = fc.constantFrom("players", "p", "guild.members", "a_b-c");
  fc.assert(
    fc.property(
      cache,
      fc.string({ unit: fc.constantFrom("a", "#", "/", "\n", "ü") }),
      (cache, key) => {
        assertEquals(parseOwnTag(wholeTag(cache)), { cache, key: undefined });
        assertEquals(parseOwnTag(keyTag(cache, key)), { cache, key });
      },
    ),
  );
});
