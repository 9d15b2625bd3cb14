import { assertEquals, assertThrows } from "@std/assert";
import { RealmgateError } from "../../src/core/errors.ts";
import { withParams } from "./rules.ts";
import { parseExact } from "../../src/query/exact_json.ts";

/** A type, what is given, and what is bound: `undefined` where it must be refused. */
type Case = readonly [type: string, given: unknown, bound: unknown];

const INTEGERS: readonly Case[] = [
  ["bigint", "42", "42"],
  ["bigint", "0", "0"],
  ["bigint", "-1", "-1"],
  ["bigint", "9223372036854775807", "9223372036854775807"],
  ["bigint", "-9223372036854775808", "-9223372036854775808"],
  ["bigint", "9223372036854775808", undefined],
  ["bigint", "-9223372036854775809", undefined],
  ["bigint", "99999999999999999999999", undefined],
  ["bigint", "9007199254740993", "9007199254740993"],
  ["bigint", "007", undefined],
  ["bigint", "-0", undefined],
  ["bigint", "+5", undefined],
  ["bigint", "42abc", undefined],
  ["bigint", "1e3", undefined],
  ["bigint", " 42", undefined],
  ["bigint", "42 ", undefined],
  ["bigint", "4.0", undefined],
  ["bigint", "0x10", undefined],
  ["bigint", "", undefined],
  ["bigint", "-", undefined],
  ["bigint", "٤٢", undefined],
  ["ubigint", "18446744073709551615", "18446744073709551615"],
  ["ubigint", "18446744073709551616", undefined],
  ["ubigint", "-1", undefined],
  ["int", "2147483647", "2147483647"],
  ["int", "2147483648", undefined],
  ["int", "-2147483649", undefined],
  ["int min=1 max=5", "5", "5"],
  ["int min=1 max=5", "6", undefined],
  ["int min=1 max=5", "0", undefined],
  ["bigint min=9007199254740993", "9007199254740992", undefined],
  ["bigint enum=1,2", "2", "2"],
  ["bigint enum=1,2", "3", undefined],
];

const TEXTS: readonly Case[] = [
  ["decimal(6,2)", "1234.5", "1234.5"],
  ["decimal(6,2)", "1234.500", "1234.5"],
  ["decimal(6,2)", "-0.00", "0"],
  ["decimal(6,2)", "12345", undefined],
  ["decimal(6,2)", "1.234", undefined],
  ["decimal(6,2)", "01.2", undefined],
  ["decimal(6,2)", ".5", undefined],
  ["decimal(6,2)", "5.", undefined],
  ["decimal(6,2)", "1e2", undefined],
  ["decimal(2,2)", "0.25", "0.25"],
  ["decimal(2,2)", "1.25", undefined],
  ["decimal(20,4) min=0.5 max=10", "0.4999", undefined],
  ["decimal(20,4) min=0.5 max=10", "0.5", "0.5"],
  ["decimal(20,4) min=-2", "-1.5", "-1.5"],
  ["decimal(20,4) min=-2", "-2.1", undefined],
  ["double", "1.5", 1.5],
  ["double", "-1e-7", -1e-7],
  ["double", "1e999", undefined],
  ["double", "NaN", undefined],
  ["double", "Infinity", undefined],
  ["double", "0x1", undefined],
  ["double", "", undefined],
  ["double max=2", "2.1", undefined],
  ["string", "", ""],
  ["string", "naïve 😀", "naïve 😀"],
  ["string maxlen=2", "😀😀", "😀😀"],
  ["string maxlen=2", "😀😀a", undefined],
  ["string enum=red,green", "red", "red"],
  ["string enum=red,green", "Red", undefined],
  ["datetime", "2026-01-02T03:04:05Z", "2026-01-02 03:04:05.000000"],
  ["datetime", "2026-01-02t03:04:05.123z", "2026-01-02 03:04:05.123000"],
  ["datetime", "2026-01-02T03:04:05.123456+02:00", "2026-01-02 01:04:05.123456"],
  ["datetime", "2026-01-01T00:30:00+01:00", "2025-12-31 23:30:00.000000"],
  ["datetime", "2026-12-31T23:30:00.5-01:00", "2027-01-01 00:30:00.500000"],
  ["datetime", "2024-02-29T00:00:00Z", "2024-02-29 00:00:00.000000"],
  ["datetime", "2026-02-29T00:00:00Z", undefined],
  ["datetime", "2026-01-02T24:00:00Z", undefined],
  ["datetime", "2026-01-02T03:60:00Z", undefined],
  ["datetime", "2016-12-31T23:59:60Z", undefined],
  ["datetime", "2026-01-02T03:04:05", undefined],
  ["datetime", "2026-01-02 03:04:05Z", undefined],
  ["datetime", "2026-01-02T03:04:05.1234567Z", "2026-01-02 03:04:05.123456"],
  ["datetime", "2026-01-02T03:04:05.999999999Z", "2026-01-02 03:04:05.999999"],
  ["datetime", "2026-01-02T03:04:05+24:00", undefined],
  ["datetime", "0999-01-02T03:04:05Z", undefined],
  ["datetime", "9999-12-31T23:30:00-01:00", undefined],
  ["datetime min=2026-01-01T00:00:00Z", "2026-01-01T00:30:00+01:00", undefined],
  ["date", "2026-01-31", "2026-01-31"],
  ["date", "2026-04-31", undefined],
  ["date", "2026-1-31", undefined],
  ["date max=2026-06-30", "2026-07-01", undefined],
];

for (const [type, given, bound] of [...INTEGERS, ...TEXTS]) {
  const does = bound === undefined ? "refuses" : "binds";
  Deno.test(`CompiledStatement ${does} ${JSON.stringify(given)} when a parameter is ${type}`, () => {
    const compiled = withParams(`p ${type}`);
    const address = `p=${encodeURIComponent(String(given))}`;
    if (bound === undefined) {
      assertThrows(() => compiled.bindQuery(address), RealmgateError, "Cannot call t.t: p must");
      assertThrows(() => compiled.bindJson({ p: given }), RealmgateError);
    } else {
      assertEquals(compiled.bindQuery(address).values, [bound as string]);
      assertEquals(compiled.bindJson({ p: given }).values, [bound as string]);
    }
  });
}

const JSON_ONLY: readonly Case[] = [
  ["bigint", 42, "42"],
  ["bigint", 4.0, "4"],
  ["bigint", -0, "0"],
  ["bigint", 1e3, "1000"],
  ["bigint", 9007199254740991, "9007199254740991"],
  ["bigint", 9007199254740992, undefined],
  ["bigint", 1.5, undefined],
  ["bigint", NaN, undefined],
  ["bigint", true, undefined],
  ["bigint", ["42"], undefined],
  ["bigint", { toString: "42" }, undefined],
  ["decimal(20,4)", 1.25, "1.25"],
  ["decimal(20,4)", 123456789012.1234, undefined],
  ["decimal(20,4)", 0.00001, undefined],
  ["decimal(20,4)", { toString: 1, valueOf: 1 }, undefined],
  ["decimal(20,4)", parseExact("12345678.1000000001"), undefined],
  ["decimal(30,20)", parseExact("1.0000000000000001"), undefined],
  ["bigint", parseExact("9007199254740993"), undefined],
  ["double", parseExact("0.12345678901234567890"), 0.12345678901234568],
  ["double", parseExact("1e400"), undefined],
  ["string", parseExact("1e400"), undefined],
  ["double", 0.1, 0.1],
  ["double", -0, 0],
  ["double", Infinity, undefined],
  ["double", null, null],
  ["bool", true, "1"],
  ["bool", false, "0"],
  ["bool", "true", undefined],
  ["bool", 1, undefined],
  ["string", 42, undefined],
  ["string", "\ud800", undefined],
  ["string", "nul \u0000", "nul \u0000"],
  ["string", null, null],
  ["json", { a: [1, "ü", null] }, '{"a":[1,"ü",null]}'],
  ["json", "text", '"text"'],
  ["json maxlen=4", [1, 2], undefined],
  ["json", parseExact("[9007199254740993,1e400,1e3]"), "[9007199254740993,1e400,1000]"],
  ["json", null, null],
  ["bytes", "AAEC/v8=", [0, 1, 2, 254, 255]],
  ["bytes", "AAEC_v8=", undefined],
  ["bytes", "AAEC/v8", undefined],
  ["bytes", "AAEC/v9=", undefined],
  ["bytes", "AAEC /v8=", undefined],
  ["bytes maxlen=2", "AAEC", undefined],
  ["int[]", [], []],
  ["int[]", [1, "2", 3], ["1", "2", "3", "3"]],
  ["int[]", [1, null], undefined],
  ["int[]", 1, undefined],
  ["int[]", null, undefined],
  ["int[]", Array.from({ length: 1_001 }, () => 1), undefined],
];

for (const [type, given, bound] of JSON_ONLY) {
  const does = bound === undefined ? "refuses" : "binds";
  const shown = Deno.inspect(given).slice(0, 30);
  Deno.test(`CompiledStatement ${does} ${shown} in a body when a parameter is ${type}`, () => {
    const compiled = withParams(`p ${type}`);
    if (bound === undefined) {
      assertThrows(() => compiled.bindJson({ p: given }), RealmgateError, "Cannot call t.t: p ");
      return;
    }
    const { values } = compiled.bindJson({ p: given });
    const [first] = values;
    const seen = type === "bytes" ? [...first as Uint8Array] : type.endsWith("[]") ? values : first;
    assertEquals(seen as unknown, bound);
  });
}

const ADDRESS_ONLY: readonly Case[] = [
  ["bool", "1", "1"],
  ["bool", "0", "0"],
  ["bool", "yes", undefined],
  ["bytes", "AAEC_v8", [0, 1, 2, 254, 255]],
  ["bytes", "AAEC_v8%3D", [0, 1, 2, 254, 255]],
  ["bytes", "AAEC%2Fv8%3D", undefined],
  ["bytes", "A", undefined],
  ["json", "{}", undefined],
  ["string", "a+b%20c%2Bd", "a b c+d"],
  ["string", "%ff", undefined],
  ["string", "%", undefined],
  ["string", "null", "null"],
];

for (const [type, given, bound] of ADDRESS_ONLY) {
  const does = bound === undefined ? "refuses" : "binds";
  Deno.test(`CompiledStatement ${does} ${given} in an address when a parameter is ${type}`, () => {
    const compiled = withParams(`p ${type}`);
    if (bound === undefined) {
      assertThrows(() => compiled.bindQuery(`p=${given}`), RealmgateError, "Cannot call t.t: p ");
      return;
    }
    const [value] = compiled.bindQuery(`p=${given}`).values;
    assertEquals((type === "bytes" ? [...value as Uint8Array] : value) as unknown, bound);
  });
}
