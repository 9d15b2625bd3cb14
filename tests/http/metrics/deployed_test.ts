import { assert, assertEquals, assertThrows } from "@std/assert";
import { parse } from "yaml";
import { renderMetrics } from "../../../src/http/metrics/render_metrics.ts";
import { STATUS } from "../../../src/http/problem.ts";
import type { AlertRule } from "../../../src/monitor/alert.ts";
import { linesOf } from "./exposition.ts";
import { type Known, readPromql, unknownIn } from "./promql.ts";
import { alert, counts, statement, view } from "./views.ts";

/*
 * What `deploy/` gives to Prometheus and Grafana, beside what `GET /metrics` writes.
 */

const DEPLOY = new URL("../../../deploy/", import.meta.url);
const SOURCE = { type: "prometheus", uid: "${datasource}" };

/** One that the compiler completes: every rule must be here. */
const RULES: Readonly<Record<AlertRule, true>> = {
  node_down: true,
  no_primary: true,
  split_brain: true,
  replication_stopped: true,
  replication_lag: true,
  semi_sync_inactive: true,
  connections_near_limit: true,
  pool_saturated: true,
  error_rate: true,
  statement_slow: true,
  plan_change: true,
  redis_down: true,
  coherence_lost: true,
  lock_expired: true,
  partition_missing: true,
  isolate_lost: true,
};

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Target {
  readonly expr: string;
  readonly legendFormat: string;
  readonly datasource: unknown;
}

interface Dashboard {
  readonly uid: string;
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly type: string;
    readonly datasource?: unknown;
    readonly targets?: readonly Target[];
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number };
  }[];
  readonly templating: {
    readonly list: readonly {
      readonly name: string;
      readonly type: string;
      readonly query: unknown;
      readonly definition?: string;
      readonly datasource?: unknown;
    }[];
  };
}

const read = (path: string) => Deno.readTextFile(new URL(path, DEPLOY));
const dashboard = async (): Promise<Dashboard> => JSON.parse(await read("grafana/realmgate.json"));

async function rules(): Promise<Rule[]> {
  const { groups } = parse(await read("prometheus/alerts.yaml")) as {
    groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
  };
  return groups.flatMap((group) => group.rules);
}

/** What `/metrics` writes, with the labels that a scrape adds, and Prometheus's own `up`. */
async function known(): Promise<Known> {
  const all = new Map<string, Map<string, Set<string>>>();
  const note = (metric: string, label: string, value: string) => {
    const labels = all.get(metric) ?? new Map<string, Set<string>>();
    all.set(metric, labels.set(label, (labels.get(label) ?? new Set()).add(value)));
  };
  const writes = statement(counts([1]), { kind: "write" });
  const raised = Object.keys(RULES).map((rule) => alert({ rule: rule as AlertRule }));
  const full = view({ statements: [...view().statements, writes], alerts: raised });
  const lines = linesOf(await renderMetrics(full));
  for (const { name, labels } of [{ name: "up", labels: {} }, ...lines]) {
    const scraped = { job: "realmgate", instance: "realmgate:8080" };
    for (const [label, value] of Object.entries({ ...scraped, ...labels })) {
      note(name, label, value);
    }
  }
  for (const code of Object.keys(STATUS)) note("realmgate_call_errors_total", "code", code);
  return all;
}

/** Without Grafana's variables, which PromQL does not know. */
const plain = (expression: string) => expression.replaceAll("$__rate_interval", "1m");

/** The labels in a legend or an annotation, such as `{{node}}` or `{{ $labels.node }}`. */
const labelsIn = (text: string) =>
  [...text.matchAll(/\{\{\s*(?:\$labels\.)?([a-z_]+)\s*\}\}/g)].map(([, label = ""]) => label);

Deno.test("the dashboard names nothing that /metrics does not write", async () => {
  const { panels, templating } = await dashboard();
  const there = await known();
  const targets = panels.flatMap(({ targets = [] }) => targets);
  assert(targets.length > 50, "a dashboard asks for more");
  const unknown = targets.flatMap(({ expr, legendFormat }) =>
    unknownIn(plain(expr), { known: there, beside: labelsIn(legendFormat) })
  );
  assertEquals(unknown, []);
  for (const { definition } of templating.list) {
    if (definition === undefined) continue;
    const [, metric = "", label = ""] = /^label_values\((\w+), (\w+)\)$/.exec(definition) ?? [];
    assert(there.get(metric)?.has(label), definition);
  }
});

Deno.test("the dashboard leaves the data source and the processes to whoever looks", async () => {
  const { panels, templating, uid } = await dashboard();
  assertEquals(uid, "realmgate");
  const source = templating.list.find(({ name }) => name === "datasource");
  assertEquals([source?.type, source?.query], ["datasource", "prometheus"]);
  const variables = new Set(templating.list.map(({ name }) => name));
  for (const { type, title, datasource, targets = [] } of panels) {
    if (type === "row") continue;
    assertEquals(datasource, SOURCE, title);
    assert(targets.length > 0, `${title} asks for nothing`);
    for (const { datasource, expr } of targets) {
      assertEquals(datasource, SOURCE, title);
      for (const { matchers } of readPromql(plain(expr)).selectors) {
        const chosen = matchers.some(({ label }) => label === "instance");
        assert(chosen, `${title} must be of the chosen processes`);
      }
      for (const [, name = ""] of expr.matchAll(/"\$(\w+)"/g)) assert(variables.has(name), name);
    }
  }
  const ids = panels.map(({ id }) => id);
  assertEquals(new Set(ids).size, ids.length, "no id may be there twice");
  assert(panels.every(({ gridPos: { x, w } }) => x + w <= 24), "a row has 24 columns");
});

Deno.test("the alert rules name nothing that /metrics does not write", async () => {
  const there = await known();
  const all = await rules();
  for (const { alert, expr, annotations, labels = {} } of all) {
    const beside = Object.values(annotations).flatMap(labelsIn);
    assertEquals(unknownIn(expr, { known: there, beside }), [], alert);
    assert(annotations["summary"] !== undefined && annotations["description"] !== undefined, alert);
    assert(["warning", "critical", undefined].includes(labels["severity"]), alert);
  }
  const names = all.map(({ alert }) => alert);
  assertEquals(new Set(names).size, names.length, "no alert may be there twice");
});

Deno.test("the alert rules cover every rule of Realmgate's own", async () => {
  const covered = (await rules()).flatMap(({ labels = {}, expr }) => {
    const passed = /realmgate_alerts_raised\{rule=~"([a-z_|]+)"\}/.exec(expr)?.[1];
    return [...passed?.split("|") ?? [], ...[labels["rule"] ?? []].flat()];
  });
  assertEquals(covered.toSorted(), Object.keys(RULES).toSorted());
});

Deno.test("the scrape example reads the alert rules and sends a key from a file", async () => {
  const config = parse(await read("prometheus/prometheus.yaml")) as {
    readonly rule_files: readonly string[];
    readonly scrape_configs: readonly Readonly<Record<string, unknown>>[];
  };
  const [job, ...others] = config.scrape_configs;
  assertEquals([config.rule_files, others], [["alerts.yaml"], []]);
  assertEquals([job?.["job_name"], job?.["metrics_path"] ?? "/metrics"], ["realmgate", "/metrics"]);
  const down = (await rules()).find(({ alert }) => alert === "RealmgateProcessDown");
  assertEquals(down?.expr, `up{job="${job?.["job_name"]}"} == 0`);
  assert("credentials_file" in (job?.["authorization"] as object));
});

Deno.test("unknownIn finds what /metrics does not write", async () => {
  const there = await known();
  const unknown = (expression: string, beside: readonly string[] = []) =>
    unknownIn(expression, { known: there, beside });
  assertEquals(unknown('max by (node) (realmgate_node_up{shard="s1"}) == 0', ["node"]), []);
  assertEquals(unknown("rate(realmgate_call_duration_seconds_count[1m])"), []);
  assertEquals(unknown("rate(realmgate_call_duration_seconds[1m])"), [
    "realmgate_call_duration_seconds",
  ]);
  assertEquals(unknown("sum by (cache) (realmgate_node_up{cause='x'}) > 1", ["code"]), [
    "realmgate_node_up{cause}",
    "cache",
    "code",
  ]);
  const states = 'realmgate_pool_connections{state=~"idle|in_use|lazy", node="$node"}';
  assertEquals(unknown(states), ["state=lazy"]);
  assertThrows(() => readPromql("sum by (node) (realmgate_node_up"), Error, "Cannot read PromQL");
});
