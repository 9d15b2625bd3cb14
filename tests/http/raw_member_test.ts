import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { rawMember } from "../../src/http/raw_member.ts";

Deno.test("rawMember finds the text of each member of any object", () => {
  const spaces = fc.string({ unit: fc.constantFrom(" ", "\n", "\t", "\r"), maxLength: 2 });
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), spaces, (object, space) => {
    const text = space + JSON.stringify(object, undefined, space);
    for (const [name, value] of Object.entries(object)) {
      const raw = rawMember(text, name);
      assertEquals(JSON.parse(raw ?? ""), JSON.parse(JSON.stringify(value)));
      assertEquals(raw, raw?.trim());
    }
    assertEquals(rawMember(text, "nobody is called so"), undefined);
  }));
});

Deno.test("rawMember leaves numbers and escapes as they were sent", () => {
  const text = `{"a":[1],"v" :\t{"n":-0.10e400 , "s":"\\"}\\u0000"} ,"z":9007199254740993}`;
  assertEquals(rawMember(text, "v"), `{"n":-0.10e400 , "s":"\\"}\\u0000"}`);
  assertEquals(rawMember(text, "z"), "9007199254740993");
});

Deno.test("rawMember reads as JSON.parse does when a name stands twice or is escaped", () => {
  for (const text of ['{"v":1,"v":[2]}', '{"\\u0076":"x"}', '{"__proto__":5,"v":null}']) {
    assertEquals(JSON.parse(rawMember(text, "v") ?? ""), JSON.parse(text).v);
  }
});

Deno.test("rawMember is not deeper than its text when that nests", () => {
  const deep = "[".repeat(30_000) + "]".repeat(30_000);
  assertEquals(rawMember(`{"v":${deep}}`, "v"), deep);
});

Deno.test("rawMember finds nothing in what is no object", () => {
  for (const text of ["[]", '"v"', "1", "null", "{}", "", '[{"v":1}]']) {
    assertEquals(rawMember(text, "v"), undefined, text);
  }
});
