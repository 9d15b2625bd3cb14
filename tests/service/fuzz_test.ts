import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { testRealm } from "../support/realm.ts";

/** Cases in all; each is one request. */
const CASES = 20_000;
const AT_A_TIME = 50;

interface Case {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
}

const STATEMENTS = [
  "player.get",
  "player.profile",
  "player.create",
  "player.add_gold",
  "player.update_if_version",
  "inventory.list",
  "inventory.add_item",
  "inventory.add_items",
  "leaderboard.top",
  "guild.get",
  "event.append",
  "event.list",
];

const statement = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...STATEMENTS) },
  { weight: 1, arbitrary: fc.string({ maxLength: 40, unit: "binary" }) },
  { weight: 1, arbitrary: fc.constantFrom("__proto__", "constructor", "..", "%2e%2e", "a/b", "") },
);

const paramName = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      "playerId",
      "amount",
      "name",
      "version",
      "level",
      "xp",
      "limit",
      "guildId",
      "itemId",
      "quantity",
      "items",
      "kind",
      "payload",
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom("__proto__", "constructor", "toString", "hasOwnProperty"),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 20, unit: "binary" }) },
);

const nasty = fc.constantFrom(
  "' OR 1=1 -- ",
  "\\",
  "42abc",
  "9223372036854775808",
  "-9223372036854775809",
  "1e309",
  "NaN",
  "0x10",
  " 1",
  "1\u0000",
  "\ud83d",
  "😀".repeat(50),
  "${jndi:x}",
  "2026-02-30T00:00:00Z",
  "null",
);

const value: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 10_000 }) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 10_000 }).map(String) },
  { weight: 2, arbitrary: nasty },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 4 }) },
  { weight: 1, arbitrary: fc.double() },
  { weight: 1, arbitrary: fc.string({ maxLength: 200, unit: "binary" }) },
);

const params = fc.dictionary(paramName, value, { maxKeys: 5, noNullPrototype: false });

const json = (text: unknown) => new TextEncoder().encode(JSON.stringify(text) ?? "");
const bytes = (array: Uint8Array) => new Uint8Array(array);

/** What a call of a lock carries, mostly; waits are short, or the fuzz would be long. */
const lockCall = fc.record({
  ttlMs: fc.oneof(fc.integer({ min: 50, max: 2_000 }), value),
  waitMs: fc.oneof(fc.integer({ min: -1, max: 20 }), nasty),
  owner: fc.oneof(fc.constant("world-1"), value),
  token: fc.oneof(fc.constant("0123456789abcdef".repeat(2)), value),
  name: fc.oneof(fc.constantFrom("a", "b"), value),
  more: value,
}, { requiredKeys: ["ttlMs"] });

const body: fc.Arbitrary<Uint8Array<ArrayBuffer>> = fc.oneof(
  { weight: 2, arbitrary: lockCall.map(json) },
  { weight: 1, arbitrary: fc.array(lockCall, { maxLength: 8 }).map((locks) => json({ locks })) },
  { weight: 6, arbitrary: params.map((given) => json({ params: given })) },
  {
    weight: 3,
    arbitrary: fc.array(
      fc.record({ statement, params }, { requiredKeys: [] }).chain((call) =>
        fc.constantFrom(
          call,
          { ...call, fence: "x" },
          { ...call, fence: "raid=7" },
          { ...call, fence: 7 },
          { ...call, extra: 1 },
          [call],
          null,
        )
      ),
      { maxLength: 8 },
    ).map((calls) => json({ calls })),
  },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 5 }).map(json) },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 300 }).map(bytes) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("[", '{"params":', '{"a":{"b":[').chain((text) =>
      fc.integer({ min: 1, max: 40_000 }).map((n) => new TextEncoder().encode(text.repeat(n)))
    ),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 50_000 }).map((n) =>
      new TextEncoder().encode(`{"params":${'{"x":'.repeat(n)}1${"}".repeat(n)}}`)
    ),
  },
);

const query = fc.oneof(
  { weight: 1, arbitrary: fc.constant("") },
  {
    weight: 6,
    arbitrary: fc.array(fc.tuple(paramName, value), { maxLength: 5 }).map((pairs) =>
      "?" +
      pairs.map(([name, given]) =>
        `${escape(name)}=${escape(typeof given === "string" ? given : JSON.stringify(given) ?? "")}`
      ).join("&")
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "?%",
      "?%ff=%fe",
      "?playerId=%00",
      "?=&=&&",
      "?playerId=1&playerId=2",
    ),
  },
);

const path = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(statement, query).map(([s, q]) => `/v1/query/${escape(s)}${q}`),
  },
  { weight: 4, arbitrary: statement.map((s) => `/v1/exec/${escape(s)}`) },
  { weight: 2, arbitrary: fc.constant("/v1/batch") },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...["/v1/locks/a", "/v1/locks/b", "/v1/locks/a%20b", "/v1/locks/realmgate:x", "/v1/locks"],
      ...["/v1/locks/a?force=true", "/v1/locks/a?force=x", "/v1/locks?limit=2&prefix=a"],
      ...["/v1/locks?limit=x", "/v1/monitor/locks"],
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(statement, query).map(([s, q]) => `/v1/route/${escape(s)}${q}`),
  },
  { weight: 1, arbitrary: statement.map((s) => `/v1/statements/${escape(s)}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("/v1/topology", "/livez", "/readyz", "/v1/statements", "/docs", "/"),
  },
  {
    weight: 1,
    arbitrary: fc.string({ maxLength: 60, unit: "binary" }).map((p) => `/${escape(p)}`),
  },
);

const headers = fc.record({
  "content-type": fc.constantFrom(
    "application/json",
    "application/json",
    "application/json",
    "application/json; charset=latin1",
    "text/plain",
    "multipart/form-data",
  ),
  "content-encoding": fc.constantFrom("gzip", "identity", "br"),
  "realmgate-consistency": fc.constantFrom("strong", "eventual", "session", "STRONG", ""),
  "realmgate-deadline-ms": fc.constantFrom("1", "5", "1000", "0", "-1", "1e9", "x"),
  "realmgate-timing": fc.constantFrom("1", "0", "x"),
  "idempotency-key": fc.constantFrom("k", "a b", "j".repeat(200)),
  "realmgate-lock-token": fc.constantFrom("0123456789abcdef".repeat(2), "x"),
  "realmgate-fence": fc.constantFrom("raid=7", "raid=6", "raid=0", "raid", "=", "a=1=2"),
  "x-request-id": fc.string({ maxLength: 200 }).map((text) =>
    text.replaceAll(/[^\x20-\x7e]/g, "?")
  ),
  accept: fc.constantFrom("application/json; int64=number", "*/*", "text/html", ";;;"),
}).chain((some) =>
  // Most requests carry few headers, or nearly all of them would be refused for one.
  fc.subarray(Object.entries(some), { maxLength: 2 }).map((entries) => Object.fromEntries(entries))
);

/** What a game server would send: so that the fuzz meets a service that also works. */
const sound: fc.Arbitrary<Case> = fc.tuple(
  fc.constantFrom("read", "write", "batch", "lock"),
  fc.integer({ min: 1, max: 10_000 }),
  fc.integer({ min: -5, max: 5 }),
).map(([kind, playerId, amount]): Case => {
  const headers = { authorization: "Bearer good", "content-type": "application/json" };
  const write = { statement: "player.add_gold", params: { playerId, amount } };
  switch (kind) {
    default:
      return { method: "GET", path: `/v1/query/player.get?playerId=${playerId}`, headers };
    case "write":
      return {
        method: "POST",
        path: `/v1/exec/${write.statement}`,
        headers,
        body: json({ params: write.params }),
      };
    case "lock":
      return {
        method: "POST",
        path: "/v1/locks/a",
        headers,
        body: json({ ttlMs: 100, waitMs: 20 }),
      };
    case "batch":
      return { method: "POST", path: "/v1/batch", headers, body: json({ calls: [write, write] }) };
  }
});

const odd: fc.Arbitrary<Case> = fc.record({
  method: fc.constantFrom(
    "GET",
    "GET",
    "POST",
    "POST",
    "POST",
    "PUT",
    "DELETE",
    "PATCH",
    "OPTIONS",
  ),
  path,
  headers,
  body,
  authorization: fc.constantFrom("good", "good", "good", "good", "good", "good", "wrong", "none"),
}).map(({ method, path, headers, body, authorization }) => ({
  method,
  path,
  headers: {
    ...(method === "GET" ? {} : { "content-type": "application/json" }),
    ...headers,
    ...(authorization === "none" ? {} : { authorization: `Bearer ${authorization}` }),
  },
  ...(method === "GET" ? {} : { body }),
}));

const request = fc.oneof({ weight: 1, arbitrary: sound }, { weight: 9, arbitrary: odd });

/** Percent-encodes; lone surrogates, which have no UTF-8, become a broken sequence. */
function escape(text: string): string {
  return Array.from(text, (char) => {
    const code = char.codePointAt(0) ?? 0;
    return code >= 0xd800 && code <= 0xdfff ? "%ed%a0%80" : encodeURIComponent(char);
  }).join("");
}

const LEAKS = /SELECT |UPDATE |INSERT |players WHERE|\bat \S+ \(|file:\/\/\/|\.ts:\d+|ECONN|mysql/i;

Deno.test("no request of a fuzzer gets a 500, a hang, or a word of SQL or stack", async () => {
  await using realm = await testRealm();
  const { service, client } = await realm.serve();
  const statuses = new Map<number, number>();
  const send = async ({ method, path, headers, body }: Case) => {
    const good = headers["authorization"] === "Bearer good";
    const response = await fetch(`${service.url}${path}`, {
      method,
      headers: { ...headers, ...(good ? { authorization: `Bearer ${realm.realm.apiKey}` } : {}) },
      signal: AbortSignal.timeout(20_000),
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
    // The registry's admin view and the reference pages are meant to show SQL.
    const open = response.ok && /^\/(v1\/statements|docs|openapi)/.test(path);
    if (response.status >= 400) {
      const problem = JSON.parse(text);
      assertEquals(problem.status, response.status);
      assertEquals(typeof problem.code, "string");
    }
    assertEquals(response.status === 500, false, `${method} ${path}: ${text}`);
    assertEquals(!open && LEAKS.test(text), false, `${method} ${path}: ${text.slice(0, 500)}`);
  };
  await fc.assert(
    fc.asyncProperty(
      fc.array(request, { minLength: AT_A_TIME, maxLength: AT_A_TIME }),
      async (cases) => void await Promise.all(cases.map(send)),
    ),
    { numRuns: CASES / AT_A_TIME, endOnFailure: true },
  );
  console.log(`${CASES} requests:`, Object.fromEntries([...statuses].sort(([a], [b]) => a - b)));
  assertEquals((statuses.get(200) ?? 0) > CASES / 50, true, "some requests must succeed");
  assertEquals((await client.get("/v1/query/player.get?playerId=1")).status, 200);
});
