import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { RealmgateError } from "../../src/core/errors.ts";
import { withParams } from "./rules.ts";

Deno.test("CompiledStatement binds a bigint exactly when it is the canonical form of one", () => {
  const compiled = withParams("id bigint");
  const edge = 2n ** 63n;
  fc.assert(
    fc.property(
      fc.oneof(
        fc.bigInt({ min: -edge * 4n, max: edge * 4n }).map(String),
        fc.string({ unit: fc.constantFrom(..."0123456789-+. eE") }),
        fc.bigInt({ min: -edge, max: edge }).map((value) => `0${value}`),
      ),
      (text) => {
        const canonical = /^-?\d+$/.test(text) && String(BigInt(text)) === text &&
          BigInt(text) >= -edge && BigInt(text) < edge;
        const bind = () => compiled.bindQuery(`id=${encodeURIComponent(text)}`);
        if (canonical) {
          assertEquals(bind().values, [text]);
          assertEquals(compiled.bindJson({ id: text }).values, [text]);
        } else assertThrows(bind, RealmgateError);
      },
    ),
    { numRuns: 5_000 },
  );
});

Deno.test("CompiledStatement binds or refuses but never breaks when anything is sent", () => {
  const compiled = withParams(
    "a bigint default=1",
    "b decimal(9,3) default=1",
    "c string default=x",
    "d datetime default=now()",
    "e int[] default=1",
    "f json default=1",
    "g bytes default=AA==",
    "h bool default=true",
    "i double default=1",
    "j date default=now()",
  );
  const check = (bind: () => unknown) => {
    try {
      bind();
    } catch (error) {
      assert(error instanceof RealmgateError && error.code === "invalid_request", String(error));
    }
  };
  const key = fc.oneof(fc.constantFrom(..."abcdefghij"), fc.string());
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => check(() => compiled.bindQuery(text))),
  );
  fc.assert(
    fc.property(fc.webQueryParameters(), (text) => check(() => compiled.bindQuery(text))),
  );
  fc.assert(
    fc.property(
      fc.dictionary(key, fc.jsonValue()),
      (params) => check(() => compiled.bindJson(params)),
    ),
    { numRuns: 2_000 },
  );
});

Deno.test("CompiledStatement gives a string back unchanged when an address carries it", () => {
  const compiled = withParams("s string");
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      assertEquals(compiled.bindQuery(`s=${encodeURIComponent(text)}`).values, [text]);
      assertEquals(compiled.bindQuery(String(new URLSearchParams({ s: text }))).values, [text]);
    }),
    { numRuns: 2_000 },
  );
});
