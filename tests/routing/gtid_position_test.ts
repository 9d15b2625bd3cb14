import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  formatPosition,
  type GtidPosition,
  hasReached,
  joinPositions,
  parsePosition,
} from "../../src/routing/gtid_position.ts";

const at = (text: string): GtidPosition => {
  const position = parsePosition(text);
  if (position === undefined) throw new Error(`not a position: ${text}`);
  return position;
};

const number = fc.integer({ min: 0, max: 3 });
const position = fc.array(fc.tuple(number, number, number), { maxLength: 6 })
  .map((parts) => at(parts.map((part) => part.join("-")).join(",")));

Deno.test("parsePosition reads what MariaDB writes, and nothing else", () => {
  assertEquals(formatPosition(at("7-3-5,0-1-100")), "0-1-100,7-3-5");
  assertEquals(formatPosition(at("0-1-18446744073709551615")), "0-1-18446744073709551615");
  assertEquals(formatPosition(at("")), "");
  for (const text of ["0-1", "0-1-", "0-1-5,", "a-1-5", " 0-1-5", "3E11FA47-71CA:1-5", "0-1--5"]) {
    assertEquals(parsePosition(text), undefined, text);
  }
});

Deno.test("hasReached compares numbers of one server only, domain by domain", () => {
  const reached = (is: string, floor: string) => hasReached(at(is), at(floor));
  assertEquals(reached("0-1-100", "0-1-100"), true);
  assertEquals(reached("0-1-99", "0-1-100"), false);
  assertEquals(reached("0-1-9007199254740993", "0-1-9007199254740994"), false);
  assertEquals(reached("0-1-100,7-3-5", "7-3-4"), true);
  assertEquals(reached("0-1-100", "7-3-4"), false);
  // The number is another transaction's: its server lost it when it failed.
  assertEquals(reached("0-2-105", "0-1-100"), false);
  assertEquals(reached("0-1-100", ""), true);
});

Deno.test("joinPositions gives the least position that is not before either, in any order", () => {
  fc.assert(fc.property(position, position, position, (a, b, c) => {
    const text = formatPosition(joinPositions(a, b));
    assertEquals(text, formatPosition(joinPositions(b, a)));
    assertEquals(formatPosition(joinPositions(a, a)), formatPosition(a));
    assertEquals(
      formatPosition(joinPositions(joinPositions(a, b), c)),
      formatPosition(joinPositions(a, joinPositions(b, c))),
    );
    assertEquals(formatPosition(at(text)), text);
    if (hasReached(joinPositions(a, b), c)) return;
    assertEquals(hasReached(a, c) && hasReached(b, c), false);
  }));
});
