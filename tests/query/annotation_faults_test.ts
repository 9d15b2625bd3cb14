import { assertEquals } from "@std/assert";
import { type FaultCase, faultsOf, read, write } from "./faults.ts";

const CASES: readonly FaultCase[] = [
  ["nothing is wrong with a read", read(""), []],
  ["nothing is wrong with a write", write("-- @invalidates t:{id}, all\n"), []],
  [
    "a parameter is not declared",
    read("", "SELECT id\nFROM t WHERE id = :id AND n = :i"),
    ["a.sql:5 :i not declared (did you mean :id?)"],
  ],
  ["a parameter is not declared and nothing is like it", read("", "SELECT :id, :zebra"), [
    "a.sql:4 :zebra not declared: add a @param line",
  ]],
  ["a parameter is declared and not used", read("-- @param level int\n"), [
    "a.sql:4 :level declared but not in the SQL",
  ]],
  ["a parameter is declared twice", read("-- @param id int\n"), ["a.sql:4 :id declared twice"]],
  ["a type is unknown", read("-- @param n bigit\n", "SELECT :id, :n"), [
    'a.sql:4 :n: unknown type "bigit" (did you mean bigint?)',
    "a.sql:5 :n not declared: add a @param line",
  ]],
  ["an annotation is unknown", read("-- @shrad :id\n"), [
    "a.sql:4 unknown annotation @shrad (did you mean @shard?)",
  ]],
  ["an annotation is given twice", read("-- @retry\n-- @retry\n"), [
    "a.sql:5 @retry is given twice",
  ]],
  ["an annotation stands below the SQL", read("", "SELECT :id\n-- @retry\n"), [
    "a.sql:5 @retry must stand above the SQL, next to -- name:",
  ]],
  ["an option is unknown", read("-- @param n int mni=3\n", "SELECT :id, :n"), [
    'a.sql:4 :n has an unknown option "mni=3" (did you mean min?)',
  ]],
  ["a default does not fit its type", read("-- @param n int default=x\n", "SELECT :id, :n"), [
    'a.sql:4 :n has a bad default= "x": it must be a whole number from -2147483648 to 2147483647',
  ]],
  ["a default is outside its bounds", read("-- @param n int max=3 default=4\n", "SELECT :id, :n"), [
    'a.sql:4 :n has a bad default= "4": it must be a whole number from -2147483648 to 3',
  ]],
  ["now() is the default of a number", read("-- @param n int default=now()\n", "SELECT :id, :n"), [
    "a.sql:4 :n is int, which has no default=now()",
  ]],
  ["LIMIT is null by default", read("-- @param n int default=null\n", "SELECT :id LIMIT :n"), [
    "a.sql:4 :n has a default that must not be null",
  ]],
  ["LIMIT is negative by default", read("-- @param n int default=-1\n", "SELECT :id LIMIT :n"), [
    "a.sql:4 :n has a default that must be a whole number from 0 to 2147483647",
  ]],
  ["an example does not fit", read("-- @param n date example=2026-02-30\n", "SELECT :id, :n"), [
    'a.sql:4 :n has a bad example= "2026-02-30": it must be a day, such as 2026-01-31',
  ]],
  ["min is greater than max", read("-- @param n bigint min=5 max=3\n", "SELECT :id, :n"), [
    "a.sql:4 :n has min=5 greater than max=3",
  ]],
  ["min belongs to no string", read("-- @param n string min=5\n", "SELECT :id, :n"), [
    "a.sql:4 :n is string, which has no min=",
  ]],
  ["a bound is no value", read("-- @param n decimal(4,2) min=abc\n", "SELECT :id, :n"), [
    'a.sql:4 :n has a bad min= "abc"',
  ]],
  ["maxlen is zero", read("-- @param n string maxlen=0\n", "SELECT :id, :n"), [
    'a.sql:4 :n must have maxlen= from 1 to 16777215, received "0"',
  ]],
  [
    "an enum holds a value out of bounds",
    read("-- @param n int max=2 enum=1,2,3\n", "SELECT :id, :n"),
    [
      'a.sql:4 :n has a bad value "3" in enum=',
    ],
  ],
  ["decimal does not say its digits", read("-- @param n decimal\n", "SELECT :id"), [
    "a.sql:4 :n: decimal must say its digits, such as decimal(20,4)",
  ]],
  ["the cache is unknown", read("-- @cache player ttl=30s tags=a\n"), [
    "a.sql:4 unknown cache player (did you mean players?)",
  ]],
  ["the cache has a bad ttl", read("-- @cache players ttl=30 tags=a\n"), [
    'a.sql:4 @cache has a bad ttl= "30", such as ttl=30s',
  ]],
  ["the cache has no tags", read("-- @cache players ttl=30s\n"), [
    "a.sql:4 @cache must have tags=, such as tags=player:{playerId}",
  ]],
  ["a tag names no parameter", read("-- @cache players tags=p:{idd}\n"), [
    "a.sql:4 :idd not declared (did you mean :id?)",
  ]],
  [
    "a tag shows a secret",
    read("-- @param k string secret\n-- @cache players tags=p:{k}\n", "SELECT :id, :k"),
    [
      "a.sql:5 :k is secret and cannot be part of a tag",
    ],
  ],
  ["a write is cached", write("-- @cache players tags=a\n"), [
    "a.sql:4 t.get writes and cannot be cached",
  ]],
  ["a read invalidates", read("-- @invalidates a\n"), [
    "a.sql:4 @invalidates belongs to writes, and t.get only reads",
  ]],
  ["a cached read is strong", read("-- @read primary\n-- @cache players tags=a\n"), [
    "a.sql:5 @cache and @read exclude each other",
  ]],
  ["a write has @read", write("-- @read primary\n"), [
    "a.sql:4 @read belongs to reads; writes go to the primary",
  ]],
];

for (const [when, text, expected] of CASES) {
  Deno.test(`parseStatements reports ${expected.length} faults when ${when}`, () => {
    assertEquals(faultsOf(text), [...expected]);
  });
}
