import { assertEquals, assertThrows } from "@std/assert";
import { RealmgateError } from "../../src/core/errors.ts";
import { readCallOptions } from "../../src/http/call_options.ts";

const read = (headers: Record<string, string>) => readCallOptions(new Headers(headers));
const codeOf = (headers: Record<string, string>) =>
  assertThrows(() => read(headers), RealmgateError).code;

Deno.test("readCallOptions reads nothing as the defaults", () => {
  assertEquals(read({}), {
    consistency: "eventual",
    deadlineMs: undefined,
    timing: false,
    int64: "string",
  });
});

Deno.test("readCallOptions reads every header of the contract", () => {
  assertEquals(
    read({
      "Realmgate-Consistency": "strong",
      "Realmgate-Deadline-Ms": "250",
      "Realmgate-Timing": "1",
      Accept: "text/plain, application/json; q=1; int64=number",
    }),
    { consistency: "strong", deadlineMs: 250, timing: true, int64: "number" },
  );
});

Deno.test("readCallOptions refuses what is not built yet instead of ignoring it", () => {
  assertEquals(codeOf({ "Idempotency-Key": "k" }), "not_supported");
  assertEquals(codeOf({ "Realmgate-Fence": "raid=7" }), "not_supported");
  assertEquals(codeOf({ "Realmgate-Token": "t" }), "not_supported");
  assertEquals(codeOf({ "Realmgate-Consistency": "session" }), "not_supported");
});

Deno.test("readCallOptions refuses values that make no sense", () => {
  assertEquals(codeOf({ "Realmgate-Consistency": "Strong" }), "invalid_request");
  for (const deadline of ["0", "-1", "1.5", "soon", "", "9999999999"]) {
    assertEquals(codeOf({ "Realmgate-Deadline-Ms": deadline }), "invalid_request", deadline);
  }
});
