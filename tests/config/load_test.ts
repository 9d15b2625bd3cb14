import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ConfigError, parseConfig } from "../../src/config/load.ts";
import { redisTarget } from "../../src/service/settings.ts";

const MINIMAL = `
shards:
  - name: s1
    nodes:
      - { name: s1a, address: "127.0.0.1:3306" }
database: { user: app, password: "\${DB_PASSWORD}", name: game }
redis: { url: redis://127.0.0.1:6379 }
apiKeys:
  - { name: server, sha256: ${"ab".repeat(32)}, scopes: [read, write] }
`;

const parse = (text: string, environment: Record<string, string> = { DB_PASSWORD: "s3cret" }) =>
  parseConfig(text, { file: "/realm/realmgate.yaml", environment });

const faultsOf = (text: string, environment?: Record<string, string>) =>
  assertThrows(() => parse(text, environment), ConfigError).faults;

Deno.test("parseConfig completes a minimal file with defaults", () => {
  const config = parse(MINIMAL);
  assertEquals(config.database.password, "s3cret");
  assertEquals(config.database.pool.max, 8);
  assertEquals(config.listen, { hostname: "0.0.0.0", port: 8080, isolates: 2 });
  assertEquals(config.shards[0]?.nodes[0]?.address, { host: "127.0.0.1", port: 3306 });
  assertEquals(config.statements, "/realm/statements");
  assertEquals(config.metrics, { open: false });
});

Deno.test("parseConfig opens the metrics only where it says so", () => {
  const open = (text: string) => parse(`${MINIMAL}\nmetrics: ${text}`).metrics.open;
  assertEquals([open("{ open: true }"), open('{ open: "true" }'), open("{}")], [true, true, false]);
  assertEquals(faultsOf(`${MINIMAL}\nmetrics: { public: true }`)[0]?.path, "metrics");
});

Deno.test("parseConfig keeps a password of digits a string and reads a port of digits", () => {
  const config = parse(`${MINIMAL}\nlisten: { port: "\${PORT:-8080}", isolates: "\${N}" }`, {
    DB_PASSWORD: "12345",
    PORT: "9000",
    N: "3",
  });
  assertEquals([config.database.password, config.listen.port, config.listen.isolates], [
    "12345",
    9000,
    3,
  ]);
});

Deno.test("parseConfig reads durations in their units", () => {
  const config = parse(`${MINIMAL}\nreplicas: { maxLag: 3s }\nlimits: { maxDeadline: 250ms }`);
  assertEquals([config.replicas.maxLag, config.limits.maxDeadline], [3_000, 250]);
});

Deno.test("parseConfig reports every fault at once, by its path", () => {
  const faults = faultsOf(
    MINIMAL.replace("127.0.0.1:3306", "nowhere").replace("[read, write]", "[]") + "\ntypo: 1",
    {},
  );
  assertEquals(faults.map(({ path }) => path).sort(), [
    "",
    "apiKeys[0].scopes",
    "database.password",
    "shards[0].nodes[0].address",
  ]);
});

Deno.test("parseConfig refuses names that clash and maps that name no shard", () => {
  const faults = faultsOf(`
shards:
  - { name: s1, nodes: [{ name: a, address: "h:1" }, { name: a, address: "h:2" }] }
  - { name: s1, nodes: [{ name: b, address: "h:3" }] }
sharding: { strategy: map, map: { europe: s9 } }
database: { user: app, password: x, name: game, pool: { min: 9, max: 8 } }
redis: { url: redis://h:1 }
apiKeys:
  - { name: k, sha256: ${"ab".repeat(32)}, scopes: [read] }
`);
  assertEquals(faults.map(({ path }) => path), [
    "shards[0].nodes[1].name",
    "shards[1].name",
    "database.pool.min",
    "sharding.map.europe",
  ]);
});

Deno.test("parseConfig refuses what a writable cache cannot do", () => {
  const caches = (settings: string) => faultsOf(`${MINIMAL}\ncaches: { matches: { ${settings} } }`);
  assertEquals(
    caches("writable: true, ttl: 25h, swr: 1s, maxBytes: 2048").map(({ path }) => path),
    ["caches.matches.ttl", "caches.matches.swr", "caches.matches.maxBytes"],
  );
  const text = `${MINIMAL}\ncaches: { matches: { ttl: 25h, swr: 1s, maxBytes: 2048 } }`;
  assertEquals(parse(text).caches["matches"]?.writable, false);
});

Deno.test("parseConfig reads how tables are partitioned", () => {
  const partitions = (rule: string) => `${MINIMAL}\npartitions: { event_log: { ${rule} } }`;
  const { partitions: read } = parse(partitions("by: range, column: at, period: day, keep: 30d"));
  assertEquals(read, {
    event_log: {
      by: "range",
      column: "at",
      period: "day",
      ahead: 7 * 86_400_000,
      keep: 30 * 86_400_000,
    },
  });
  const faulty = (rule: string) => faultsOf(partitions(rule)).map(({ path }) => path);
  assertEquals(faulty("by: range, column: at, period: week, keep: 2d"), [
    "partitions.event_log.keep",
  ]);
  assertEquals(faulty("by: range, column: at, period: day, ahead: 30"), [
    "partitions.event_log.ahead",
  ]);
  assertEquals(faulty("by: hash, column: id, keep: 30d").length, 1);
  assertEquals(faultsOf(`${MINIMAL}\npartitions: { "a\`b": { by: key, column: id } }`).length, 1);
});

Deno.test("parseConfig cannot be reshaped by a variable's text", () => {
  const config = parse(MINIMAL, { DB_PASSWORD: "x\nname: other, }" });
  assertEquals(config.database.password, "x\nname: other, }");
  assertEquals(config.database.name, "game");
});

Deno.test("parseConfig points at broken YAML by its line", () => {
  const [fault] = faultsOf("shards: [");
  assertStringIncludes(fault?.message ?? "", "line 1");
});

Deno.test("parseConfig shows nothing of the text of broken YAML, which may hold a password", () => {
  const faults = faultsOf("database:\n  user: app\n  password: s3cr3t: x\n");
  assertEquals(faults.map(({ message }) => message.includes("s3cr3t")), [false]);
  assertStringIncludes(faults[0]?.message ?? "", "line 3");
});

const parseRedis = (redis: string) =>
  parse(MINIMAL.replace("{ url: redis://127.0.0.1:6379 }", redis), {
    DB_PASSWORD: "x",
    TLS: "true",
  });

const redisFaults = (redis: string) =>
  assertThrows(() => parseRedis(redis), ConfigError).faults
    .map(({ path, message }) => `${path}: ${message}`);

Deno.test("parseConfig reads where Redis is when it is told a URL or Sentinels", () => {
  const target = (redis: string) => redisTarget(parseRedis(redis));
  assertEquals(target("{ url: 'rediss://u:p@h:1/2' }"), { kind: "url", url: "rediss://u:p@h:1/2" });
  assertEquals(target('{ sentinels: ["a:26379"], master: mymaster }'), {
    kind: "sentinel",
    sentinels: [{ host: "a", port: 26379 }],
    master: "mymaster",
  });
  const all = target(
    '{ sentinels: ["a:1", "b:2"], master: m, username: u, password: "1", sentinelPassword: "2", ' +
      'database: "3", tls: "${TLS}" }',
  );
  assertEquals(all, {
    kind: "sentinel",
    sentinels: [{ host: "a", port: 1 }, { host: "b", port: 2 }],
    master: "m",
    username: "u",
    password: "1",
    sentinelPassword: "2",
    database: 3,
    tls: true,
  });
  assertEquals(structuredClone(all), all);
});

Deno.test("parseConfig says what is wrong when Redis is told in two ways, in none or by halves", () => {
  assertEquals(redisFaults("{}"), ["redis: must have either url or sentinels, received neither"]);
  assertEquals(redisFaults('{ url: redis://h:1, sentinels: ["a:1"], master: m }'), [
    "redis: must have either url or sentinels, received both",
  ]);
  assertEquals(redisFaults("{ url: redis://h:1, password: x, tls: true }"), [
    "redis.password: belongs to sentinels; with url it is part of the url",
    "redis.tls: belongs to sentinels; with url it is part of the url",
  ]);
  assertEquals(redisFaults('{ sentinels: ["a:1"] }'), [
    "redis.master: must be the name that the Sentinels know the master by, received nothing",
  ]);
  assertEquals(redisFaults('{ sentinels: ["a:1"], master: m, username: u }'), [
    "redis.username: must come with a password, received a username alone",
  ]);
  assertEquals(
    redisFaults('{ sentinels: ["a", "b:99999"], master: "" }').map((fault) => fault.split(":")[0]),
    [
      "redis.sentinels[0]",
      "redis.sentinels[1]",
      "redis.master",
    ],
  );
  assertEquals(redisFaults("{ sentinels: [], master: m }"), [
    "redis.sentinels: must name at least one Sentinel",
  ]);
  assertEquals(redisFaults('{ sentinels: ["a:1"], master: m, host: h }').length, 1);
});
