import { assertEquals, assertMatch } from "@std/assert";
import { etagOf } from "../../src/cache/etag.ts";

Deno.test("etagOf tells answers apart that differ in a digit or two", () => {
  const tags = new Set<string>();
  for (let n = 0; n < 200_000; n++) {
    tags.add(etagOf(`{"data":{"id":"${n % 500}","gold":"${Math.floor(n / 500)}","name":"é"}}`));
  }
  assertEquals(tags.size, 200_000);
  assertMatch(etagOf(""), /^"[\w-]{12}"$/);
  assertEquals(etagOf("same"), etagOf("same"));
});
