import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { Hono } from "hono";
import { RealmgateError } from "../../src/core/errors.ts";
import { Authenticator } from "../../src/http/authenticator.ts";
import { getMetrics } from "../../src/http/metrics_route.ts";
import { assertValid } from "./metrics/exposition.ts";
import { view } from "./metrics/views.ts";

const key = (name: string, scopes: readonly string[]) => {
  return { name, sha256: createHash("sha256").update(name).digest("hex"), scopes };
};

function scraped(options: { readonly metricsOpen: boolean }) {
  const app = new Hono();
  const told = () => Promise.resolve(view());
  app.get(
    "/metrics",
    getMetrics({
      ...options,
      authenticator: new Authenticator([key("reader", ["read"]), key("writer", ["write"])]),
      monitor: { own: told, fleet: () => Promise.reject(new Error("nobody asks for the fleet")) },
    }),
  );
  app.onError((error) => {
    throw error;
  });
  return async (name?: string) =>
    await app.request(
      "/metrics",
      name === undefined ? {} : { headers: { authorization: `Bearer ${name}` } },
    );
}

Deno.test("getMetrics answers a key of scope read in the text format", async () => {
  const answer = await scraped({ metricsOpen: false })("reader");
  assertEquals(answer.status, 200);
  assertMatch(answer.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4; charset=/);
  assertEquals(answer.headers.get("cache-control"), "no-store");
  assertValid(await answer.text());
});

Deno.test("getMetrics refuses who has no key, or one of another scope, unless it is open", async () => {
  const closed = scraped({ metricsOpen: false });
  for (
    const [name, code] of [
      [undefined, "unauthenticated"],
      ["stranger", "unauthenticated"],
      ["writer", "forbidden"],
    ] as const
  ) {
    const { code: answered } = await assertRejects(() => closed(name), RealmgateError);
    assertEquals(answered, code);
  }
  const open = scraped({ metricsOpen: true });
  for (const name of [undefined, "stranger", "writer"]) {
    const answer = await open(name);
    assertEquals(answer.status, 200);
    await answer.body?.cancel();
  }
});
