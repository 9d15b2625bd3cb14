import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  formatMariadbGtids,
  includesMariadbGtids,
  joinMariadbGtids,
  type MariadbGtids,
  parseMariadbGtids,
} from "../../src/routing/mariadb_gtids.ts";

const at = (text: string): MariadbGtids => {
  const position = parseMariadbGtids(text);
  if (position === undefined) throw new Error(`not a position: ${text}`);
  return position;
};

const number = fc.integer({ min: 0, max: 3 });
const position = fc.array(fc.tuple(number, number, number), { maxLength: 6 })
  .map((parts) => at(parts.map((part) => part.join("-")).join(",")));

Deno.test("parseMariadbGtids reads what MariaDB writes, and nothing else", () => {
  assertEquals(formatMariadbGtids(at("7-3-5,0-1-100")), "0-1-100,7-3-5");
  assertEquals(formatMariadbGtids(at("0-1-18446744073709551615")), "0-1-18446744073709551615");
  assertEquals(formatMariadbGtids(at("")), "");
  for (const text of ["0-1", "0-1-", "0-1-5,", "a-1-5", " 0-1-5", "3E11FA47-71CA:1-5", "0-1--5"]) {
    assertEquals(parseMariadbGtids(text), undefined, text);
  }
});

Deno.test("includesMariadbGtids compares numbers of one server only, domain by domain", () => {
  const reached = (is: string, floor: string) => includesMariadbGtids(at(is), at(floor));
  assertEquals(reached("0-1-100", "0-1-100"), true);
  assertEquals(reached("0-1-99", "0-1-100"), false);
  assertEquals(reached("0-1-9007199254740993", "0-1-9007199254740994"), false);
  assertEquals(reached("0-1-100,7-3-5", "7-3-4"), true);
  assertEquals(reached("0-1-100", "7-3-4"), false);
  // The number is another transaction's: its server lost it when it failed.
  assertEquals(reached("0-2-105", "0-1-100"), false);
  assertEquals(reached("0-1-100", ""), true);
});

Deno.test("joinMariadbGtids gives the least position that is not before either, in any order", () => {
  fc.assert(fc.property(position, position, position, (a, b, c) => {
    const text = formatMariadbGtids(joinMariadbGtids(a, b));
    assertEquals(text, formatMariadbGtids(joinMariadbGtids(b, a)));
    assertEquals(formatMariadbGtids(joinMariadbGtids(a, a)), formatMariadbGtids(a));
    assertEquals(
      formatMariadbGtids(joinMariadbGtids(joinMariadbGtids(a, b), c)),
      formatMariadbGtids(joinMariadbGtids(a, joinMariadbGtids(b, c))),
    );
    assertEquals(formatMariadbGtids(at(text)), text);
    if (includesMariadbGtids(joinMariadbGtids(a, b), c)) return;
    assertEquals(includesMariadbGtids(a, c) && includesMariadbGtids(b, c), false);
  }));
});
