import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  formatMysqlGtids,
  includesMysqlGtids,
  joinMysqlGtids,
  type MysqlGtids,
  parseMysqlGtids,
  spanMysqlGtids,
} from "../../src/routing/mysql_gtids.ts";

const A = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
const B = "4e11fa47-71ca-11e1-9e33-c80aa9429562";

const at = (text: string): MysqlGtids => {
  const gtids = parseMysqlGtids(text);
  if (gtids === undefined) throw new Error(`not a set: ${text}`);
  return gtids;
};
const again = (text: string) => formatMysqlGtids(at(text));

/** Sets as a list of single transactions, which is what they mean. */
const members = fc.array(
  fc.tuple(fc.constantFrom(A, B), fc.integer({ min: 1, max: 12 })),
  { maxLength: 16 },
);
type Members = readonly (readonly [string, number])[];
const setOf = (list: Members) => at(list.map(([uuid, n]) => `${uuid}:${n}`).join(","));
const names = (list: Members) => new Set(list.map((member) => member.join(":")));

Deno.test("parseMysqlGtids reads what MySQL writes, in any order, and puts it in order", () => {
  assertEquals(again(`${A}:23`), `${A}:23`);
  assertEquals(again(`${A}:1-3:11:47-49`), `${A}:1-3:11:47-49`);
  // MySQL breaks its lines.
  assertEquals(again(`${B}:1-3,\n${A}:11-18`), `${A}:11-18,${B}:1-3`);
  assertEquals(again(`${A.toUpperCase()}:5:1-3:2-4`), `${A}:1-5`);
  assertEquals(again(`${A}:7,${B}:1,${A}:1-6`), `${A}:1-7,${B}:1`);
  assertEquals(again(`${A}:1-9223372036854775806`), `${A}:1-9223372036854775806`);
  assertEquals(again(""), "");
});

Deno.test("parseMysqlGtids refuses what it would misread, such as tags", () => {
  const tagged = [`${A}:dba:1-5`, `${A}:1-3:dba:4`, `${A}:1-5,${B}:_t1:7`, `${A}:dba:1,${A}:1-9`];
  const broken = [
    `${A}`,
    `${A}:`,
    `${A}:0`,
    `${A}:5-3`,
    `${A}:1-`,
    `${A}:1,`,
    `,${A}:1`,
    `${A}:1 2`,
  ];
  const others = ["0-1-100", "3e11fa47:1", `${A}x:1`, "ANONYMOUS", `${A}:7#31`, `${A}:-1`];
  for (const text of [...tagged, ...broken, ...others]) {
    assertEquals(parseMysqlGtids(text), undefined, text);
  }
});

Deno.test("joinMysqlGtids has what either has, and nothing else", () => {
  fc.assert(fc.property(members, members, members, (a, b, c) => {
    const [x, y, z] = [setOf(a), setOf(b), setOf(c)];
    const both = joinMysqlGtids(x, y);
    const text = formatMysqlGtids(both);
    assertEquals(text, formatMysqlGtids(joinMysqlGtids(y, x)));
    assertEquals(text, formatMysqlGtids(setOf([...a, ...b])));
    assertEquals(formatMysqlGtids(joinMysqlGtids(x, x)), formatMysqlGtids(x));
    assertEquals(
      formatMysqlGtids(joinMysqlGtids(both, z)),
      formatMysqlGtids(joinMysqlGtids(x, joinMysqlGtids(y, z))),
    );
    assertEquals(again(text), text);
    assert(includesMysqlGtids(both, x) && includesMysqlGtids(both, y));
  }));
});

Deno.test("includesMysqlGtids is true exactly when every transaction is there", () => {
  fc.assert(fc.property(members, members, (a, b) => {
    assertEquals(includesMysqlGtids(setOf(a), setOf(b)), names(b).isSubsetOf(names(a)));
  }));
  const included = (is: string, floor: string) => includesMysqlGtids(at(is), at(floor));
  assertEquals(included(`${A}:1-5:7`, `${A}:1-7`), false);
  assertEquals(included(`${A}:1-7`, `${B}:7`), false);
  assertEquals(included(`${A}:1-9007199254740993`, `${A}:9007199254740994`), false);
});

Deno.test("spanMysqlGtids is the least set around another that has no holes", () => {
  assertEquals(formatMysqlGtids(spanMysqlGtids(at(`${A}:5:9-11:20,${B}:3`))), `${A}:5-20,${B}:3`);
  fc.assert(fc.property(members, members, (a, b) => {
    const [x, y] = [setOf(a), setOf(b)];
    const span = spanMysqlGtids(x);
    assert(includesMysqlGtids(span, x));
    assert([...span.values()].every(({ length }) => length === 1));
    assertEquals(formatMysqlGtids(spanMysqlGtids(span)), formatMysqlGtids(span));
    // Which of joins and spans comes first makes no difference, so tokens may be joined in any order.
    assertEquals(
      formatMysqlGtids(spanMysqlGtids(joinMysqlGtids(span, y))),
      formatMysqlGtids(spanMysqlGtids(joinMysqlGtids(x, y))),
    );
  }));
});
