import { assertEquals, assertRejects } from "@std/assert";
import { RealmgateError } from "../../src/core/errors.ts";
import { ScopeWatch } from "../../src/core/scope.ts";
import { BodyReads } from "../../src/http/body_reads.ts";
import { readJson } from "../../src/http/read_body.ts";
import { ManualClock } from "../support/manual_clock.ts";

const JSON_TYPE = { "content-type": "application/json" };

function scopeOf(clock = new ManualClock()) {
  return new ScopeWatch({ clock }).open({ timeoutMs: 1_000 });
}

function read(
  body: BodyInit | null,
  headers: Record<string, string> = JSON_TYPE,
  maxBytes = 1_024,
) {
  const request = new Request("http://localhost/", { method: "POST", body, headers });
  return readJson(request, { maxBytes, scope: scopeOf(), reads: new BodyReads() });
}

const codeOf = async (body: BodyInit | null, headers?: Record<string, string>) =>
  (await assertRejects(() => read(body, headers), RealmgateError)).code;

Deno.test("readJson reads JSON, and nothing as undefined", async () => {
  assertEquals(await read('{"a":["😀",null]}'), { a: ["😀", null] });
  assertEquals(await read('{"a":1}', { "content-type": "application/json; charset=utf-8" }), {
    a: 1,
  });
  assertEquals(await read(null, {}), undefined);
  assertEquals(await read("", {}), undefined);
});

Deno.test("readJson refuses what is not JSON in UTF-8", async () => {
  assertEquals(await codeOf("{"), "invalid_request");
  assertEquals(await codeOf(new Uint8Array([0x22, 0xff, 0xfe, 0x22])), "invalid_request");
  assertEquals(await codeOf("{}", { "content-type": "text/plain" }), "unsupported_media_type");
  assertEquals(
    await codeOf("{}", { ...JSON_TYPE, "content-encoding": "gzip" }),
    "unsupported_media_type",
  );
  assertEquals(await read("{}", { ...JSON_TYPE, "content-encoding": "Identity" }), {});
});

Deno.test("readJson says that a body is nested too deeply where it cannot keep its digits", async () => {
  const deep = "[".repeat(20_000) + "12345678901234567890" + "]".repeat(20_000);
  const error = await assertRejects(() => read(deep, JSON_TYPE, 50_000), RealmgateError);
  assertEquals([error.code, error.message], [
    "invalid_request",
    "Cannot read the body: it is nested too deeply",
  ]);
});

Deno.test("readJson stops at its size limit, announced or not", async () => {
  const announced = new Uint8Array(2_000).fill(0x20);
  assertEquals(
    await codeOf(announced, { ...JSON_TYPE, "content-length": "2000" }),
    "payload_too_large",
  );
  let sent = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 512;
      controller.enqueue(new Uint8Array(512).fill(0x20));
    },
  });
  assertEquals(await codeOf(endless), "payload_too_large");
  assertEquals(sent < 4_096, true, `took ${sent} bytes of an endless body`);
});

Deno.test("readJson gives up on a body that does not come", async () => {
  const clock = new ManualClock();
  const scope = scopeOf(clock);
  const request = new Request("http://localhost/", {
    method: "POST",
    body: new ReadableStream({ pull: () => new Promise(() => {}) }),
    headers: JSON_TYPE,
  });
  const reading = assertRejects(
    () => readJson(request, { maxBytes: 1_024, scope, reads: new BodyReads() }),
    RealmgateError,
  );
  clock.advance(1_100);
  assertEquals((await reading).code, "deadline_exceeded");
});
