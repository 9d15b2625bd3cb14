import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseFence } from "../../src/query/fence.ts";

Deno.test("parseFence reads every fence that there can be", () => {
  const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$/);
  fc.assert(
    fc.property(name, fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }), (lock, number) => {
      assertEquals(parseFence(`${lock}=${number}`), { lock, number: String(number) });
    }),
  );
});

Deno.test("parseFence refuses what is no fence, or not the one form of it", () => {
  for (
    const text of [
      "",
      "raid",
      "raid=",
      "=7",
      "raid=0",
      "raid=-1",
      "raid=+1",
      "raid=007",
      "raid=7 ",
      "raid= 7",
      "raid=7.0",
      "raid=1e3",
      "raid=0x7",
      "raid=9223372036854775808",
      "raid=99999999999999999999",
      "raid=7=8",
      "raid=7, raid=8",
      "rai d=7",
      "räid=7",
      `${"x".repeat(129)}=7`,
    ]
  ) assertEquals(parseFence(text), undefined, text);
});
