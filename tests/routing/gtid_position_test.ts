import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  formatPosition,
  type GtidPosition,
  hasReached,
  joinPositions,
  parsePosition,
  withoutHoles,
} from "../../src/routing/gtid_position.ts";

const UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

const at = (text: string): GtidPosition => {
  const position = parsePosition(text);
  if (position === undefined) throw new Error(`not a position: ${text}`);
  return position;
};

const number = fc.integer({ min: 1, max: 9 });
const ofMariadb = fc.tuple(number, number, number).map((parts) => at(parts.join("-")));
const ofMysql = fc.array(number, { minLength: 1, maxLength: 4 })
  .map((numbers) => at(`${UUID}:${numbers.join(":")}`));
const ofEither = fc.oneof(ofMariadb, ofMysql);

Deno.test("parsePosition tells the forms apart, and finds no position in anything else", () => {
  assertEquals(at("0-1-100,7-3-5").form, "mariadb");
  assertEquals(at(`${UUID}:1-5:7`).form, "mysql");
  const long = `${UUID}:${Array.from({ length: 4_000 }, (_, n) => 2 * n + 1).join(":")}`;
  for (const text of ["", " ", "0-1", `0-1-5,${UUID}:1`, `${UUID}:tag:1`, "ANONYMOUS", long]) {
    assertEquals(parsePosition(text), undefined, text.slice(0, 80));
  }
});

Deno.test("hasReached and joinPositions know no relation between two forms", () => {
  fc.assert(fc.property(ofMariadb, ofMysql, (a, b) => {
    assertEquals([hasReached(a, b), hasReached(b, a)], [false, false]);
    assertEquals([joinPositions(a, b), joinPositions(b, a)], [undefined, undefined]);
  }));
});

Deno.test("a position has reached itself and what it was joined from, in either form", () => {
  fc.assert(fc.property(ofEither, ofEither, (a, b) => {
    assert(hasReached(a, a));
    assertEquals(formatPosition(at(formatPosition(a))), formatPosition(a));
    const both = joinPositions(a, b);
    assertEquals(both === undefined, a.form !== b.form);
    if (both === undefined || both.form === "mariadb") return;
    assert(hasReached(both, a) && hasReached(both, b));
  }));
});

Deno.test("withoutHoles asks for no less than the position that it is made from", () => {
  fc.assert(fc.property(ofEither, ofEither, (position, a) => {
    const floor = withoutHoles(a);
    assertEquals(floor.form, a.form);
    if (hasReached(position, floor)) assert(hasReached(position, a));
  }));
  assertEquals(formatPosition(withoutHoles(at("0-1-5,3-2-9"))), "0-1-5,3-2-9");
});
