import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { ConfigError, parseConfig } from "../../src/config/load.ts";
import { RULE_DEFAULTS } from "../../src/monitor/alerts/rule_settings.ts";
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

Deno.test("parseConfig reads rules of alerts over their defaults, and webhooks", () => {
  assertEquals(parse(MINIMAL).alerts, { rules: RULE_DEFAULTS, webhooks: [] });
  const { alerts } = parse(
    `${MINIMAL}
alerts:
  rules:
    replication_lag: { threshold: 2s, for: 1m }
    semi_sync_inactive: { enabled: false }
    error_rate: { threshold: 0.2 }
  webhooks:
    - { url: "https://alerts.example/hook", secret: "\${HOOK_SECRET}" }
`,
    { DB_PASSWORD: "x", HOOK_SECRET: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" },
  );
  const { replication_lag, semi_sync_inactive, error_rate, node_down } = alerts.rules;
  assertEquals(replication_lag, {
    ...RULE_DEFAULTS.replication_lag,
    threshold: 2_000,
    forMs: 60_000,
  });
  assertEquals([semi_sync_inactive.enabled, error_rate.threshold], [false, 0.2]);
  assertEquals(node_down, RULE_DEFAULTS.node_down);
  assertEquals(alerts.webhooks.length, 1);
});

Deno.test("parseConfig refuses thresholds of the wrong unit, rules that there are not, and bad webhooks", () => {
  const faulty = (alerts: string) =>
    faultsOf(`${MINIMAL}\nalerts: ${alerts}`).map(({ path }) => path);
  const rule = (settings: string) => faulty(`{ rules: { ${settings} } }`);
  assertEquals(rule("error_rate: { threshold: 5s }"), ["alerts.rules.error_rate.threshold"]);
  assertEquals(rule("error_rate: { threshold: 20 }"), ["alerts.rules.error_rate.threshold"]);
  assertEquals(rule("node_down: { threshold: 1s }"), ["alerts.rules.node_down.threshold"]);
  assertEquals(rule("replication_lag: { threshold: 0 }"), [
    "alerts.rules.replication_lag.threshold",
  ]);
  assertEquals(rule("pool_saturated: { for: soon }"), ["alerts.rules.pool_saturated.for"]);
  assertEquals(rule("nodes_down: {}"), ["alerts.rules"]);
  const hook = (url: string, secret: string) =>
    faulty(`{ webhooks: [{ url: "${url}", secret: "${secret}" }] }`);
  const [good, long] = ["https://alerts.example/", "a secret of some length"];
  assertEquals(hook("ftp://alerts.example/", long), ["alerts.webhooks[0].url"]);
  assertEquals(hook(good, "short"), ["alerts.webhooks[0].secret"]);
  assertEquals(hook(good, "whsec_not!base64!at!all"), ["alerts.webhooks[0].secret"]);
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

Deno.test("parseConfig refuses a URL of Redis that cannot be used, and does not show it", () => {
  const faults = (url: string) => redisFaults(`{ url: "${url}" }`);
  assertEquals(faults("http://:s3cret@h:1"), ["redis.url: must begin with redis:// or rediss://"]);
  for (const place of ["h:99999", "[::1", "h:port", "h:1@", "::1", ""]) {
    const [fault, ...others] = faults(`redis://:s3cret@${place}`);
    assertMatch(fault ?? "", /^redis\.url: must be a URL, /);
    assertEquals([others, fault?.includes("s3cret")], [[], false], place);
  }
  assertMatch(faults("redis://:s3cret%@h:1")[0] ?? "", /^redis\.url: must be a URL, /);
  for (const end of ["/abc", "/1.5", "/-1", "/1/2", "//", "/?db=abc", "?db=3", "/2#1"]) {
    assertEquals(faults(`redis://:s3cret@h:1${end}`), [
      "redis.url: must end after the port, or with a database's number, as in redis://host:6379/2",
    ], end);
  }
  for (const url of ["redis://h", "redis://h:1/", "rediss://u:p%40@[::1]:1/15", "redis://:p@h/0"]) {
    assertEquals(redisTarget(parseRedis(`{ url: "${url}" }`)), { kind: "url", url });
  }
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

Deno.test("parseConfig tells the rule of a wrong duration, a wrong name and a wrong choice", () => {
  const said = (setting: string) =>
    faultsOf(`${MINIMAL}\n${setting}`).map(({ path, message }) => `${path}: ${message}`);
  const rule = "must be a duration such as 250ms, 30s or 5m, of at most 366 days (8784h)";
  for (const wrong of ["5sec", "1d", '"30"', "-1", "1.5", "true", "99999999999h", "8785h"]) {
    assertEquals(said(`monitor: { slow: ${wrong} }`), [`monitor.slow: ${rule}`]);
  }
  assertEquals(said('caches: { "a b": {} }'), ["caches.a b: must be letters, digits, - and _"]);
  assertEquals(said('partitions: { "a b": { by: key, column: id } }'), [
    "partitions.a b: must be a table's name: letters, digits, _ and $",
  ]);
  assertEquals(said('partitions: { a: { by: key, column: "i d" } }'), [
    "partitions.a.column: must be a column's name: letters, digits, _ and $",
  ]);
  assertStringIncludes(said("sharding: { strategy: ring }")[0] ?? "", "'modulo' | 'buckets'");
  assertEquals(parse(`${MINIMAL}\nlimits: { maxDeadline: 8784h }`).limits.maxDeadline, 31622400000);
});

Deno.test("parseConfig refuses durations of nothing where nothing would work with them", () => {
  const pool = (setting: string) =>
    MINIMAL.replace("name: game }", `name: game, pool: { ${setting} } }`);
  for (const name of ["acquireTimeout", "idleTimeout", "maxLifetime", "leakWarning"]) {
    assertEquals(faultsOf(pool(`${name}: 0s`)), [
      { path: `database.pool.${name}`, message: "must be longer than nothing" },
    ]);
  }
  assertEquals(faultsOf(`${MINIMAL}\nlimits: { maxDeadline: 0s }`)[0]?.path, "limits.maxDeadline");
  assertEquals(parse(pool("validateAfterIdle: 0s")).database.pool.validateAfterIdle, 0);
});

Deno.test("parseConfig refuses a map of buckets that is not whole, by its path", () => {
  const [fault, ...others] = faultsOf(
    `${MINIMAL}\nsharding: { strategy: buckets, map: { s1: ["0-511"] } }`,
  );
  assertEquals([fault?.path, others.length], ["sharding.map", 0]);
  assertStringIncludes(fault?.message ?? "", "512-1023 is missing");
});

Deno.test("parseConfig refuses aliases that name nothing or themselves, and shows nothing of them", () => {
  const said = (text: string) => faultsOf(text).map(({ path, message }) => `${path}${message}`);
  const [unknown, ...others] = said("database:\n  password: *s3cr3t\n");
  assertStringIncludes(unknown ?? "", "must name an anchor (&name) above it");
  assertStringIncludes(unknown ?? "", "line 2");
  assertEquals([others.length, unknown?.includes("s3cr3t")], [0, false]);
  for (const itself of ["database: &d\n  <<: *d\n", "shards: &s [*s]\n"]) {
    assertStringIncludes(said(itself)[0] ?? "", "must not stand within what it names");
  }
  const times = (name: string) => `[${Array(10).fill(`*${name}`)}]`;
  const bomb = `a: &a [1]\nb: &b ${times("a")}\nc: &c ${times("b")}\nd: ${times("c")}`;
  assertStringIncludes(said(bomb)[0] ?? "", "Excessive alias count");
  assertEquals(parse(`${MINIMAL}\ncaches: { a: &a { ttl: 1s }, b: *a }`).caches["b"]?.ttl, 1_000);
});
