import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { RealmgateError } from "../../src/core/errors.ts";
import { type Carrier, readCallOptions } from "../../src/http/call_options.ts";

const read = (headers: Record<string, string>, carrier: Carrier = "write") =>
  readCallOptions(new Headers(headers), carrier);
const codeOf = (headers: Record<string, string>, carrier?: Carrier) =>
  assertThrows(() => read(headers, carrier), RealmgateError).code;

Deno.test("readCallOptions reads nothing as the defaults", () => {
  assertEquals(read({}), {
    consistency: "eventual",
    token: undefined,
    deadlineMs: undefined,
    timing: false,
    int64: "string",
    fence: undefined,
  });
});

Deno.test("readCallOptions reads every header of the contract", () => {
  assertEquals(
    read({
      "Realmgate-Consistency": "strong",
      "Realmgate-Token": btoa("1;s1:7:0-1-5").replaceAll("=", ""),
      "Realmgate-Deadline-Ms": "250",
      "Realmgate-Timing": "1",
      "Realmgate-Fence": "raid:7=9223372036854775807",
      Accept: "text/plain, application/json; q=1; int64=number",
    }),
    {
      consistency: "strong",
      token: { entries: new Map([["s1", { epoch: "7", position: "0-1-5" }]]), dropped: false },
      deadlineMs: 250,
      timing: true,
      int64: "number",
      fence: { lock: "raid:7", number: "9223372036854775807" },
    },
  );
});

Deno.test("readCallOptions refuses what is not built yet instead of ignoring it", () => {
  assertEquals(codeOf({ "Idempotency-Key": "k" }), "not_supported");
});

Deno.test("readCallOptions refuses values that make no sense", () => {
  assertEquals(codeOf({ "Realmgate-Consistency": "Strong" }), "invalid_request");
  assertEquals(codeOf({ "Realmgate-Token": "t" }), "invalid_request");
  for (const deadline of ["0", "-1", "1.5", "soon", "", "9999999999"]) {
    assertEquals(codeOf({ "Realmgate-Deadline-Ms": deadline }), "invalid_request", deadline);
  }
});

Deno.test("readCallOptions takes a fence from a single write only, and says where else it goes", () => {
  const refused = (carrier: Carrier) => {
    const error = assertThrows(
      () => read({ "Realmgate-Fence": "raid=7" }, carrier),
      RealmgateError,
    );
    assertEquals(error.code, "not_supported");
    return error.message;
  };
  assertStringIncludes(refused("read"), "it protects writes");
  assertStringIncludes(refused("batch"), 'put "fence": "lock=number" into those of its calls');
});

Deno.test("readCallOptions reads tokens of a repeated header as one, and names it when one is malformed", () => {
  const token = (text: string) => btoa(text).replaceAll("=", "");
  const twice = (second: string) =>
    new Headers([["Realmgate-Token", token("1;s1:7:0-1-5")], ["Realmgate-Token", second]]);
  const { entries } = readCallOptions(twice(token("1;s2:8:0-2-6")), "read").token ?? {};
  assertEquals([...entries?.keys() ?? []], ["s1", "s2"]);
  const error = assertThrows(() => readCallOptions(twice("no token"), "read"), RealmgateError);
  assertEquals(error.code, "invalid_request");
  const { errors } = error.extra as { errors: readonly { param: string }[] };
  assertEquals(errors.map(({ param }) => param), ["Realmgate-Token"]);
});

Deno.test("readCallOptions refuses a malformed fence by the header's name", () => {
  const error = assertThrows(() => read({ "Realmgate-Fence": "raid 7" }), RealmgateError);
  assertEquals(error.code, "invalid_request");
  const { errors } = error.extra as { errors: readonly { param: string }[] };
  assertEquals(errors.map(({ param }) => param), ["Realmgate-Fence"]);
  const twice = new Headers([["Realmgate-Fence", "raid=7"], ["Realmgate-Fence", "raid=8"]]);
  assertThrows(() => readCallOptions(twice, "write"), RealmgateError, "must be lock=number");
});
