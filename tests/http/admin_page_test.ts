import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Hono } from "hono";
import type { Page } from "playwright-core";
import { registerAdmin } from "../../src/http/admin/admin_routes.ts";
import { eventually } from "../support/eventually.ts";
import { AdminSite, KEY } from "./admin_site.ts";
import { nodeDownAlert } from "./fleet_views.ts";
import { faintTexts, namelessControls } from "./page_checks.ts";

const LOCKS = {
  locks: [
    { name: "raid:7", held: true, owner: "world-12", fence: "9", remainingMs: 8_200, waiters: 3 },
  ],
};

function level(page: Page, node: string) {
  return page.locator(`[data-node="${node}"]`).getAttribute("data-level");
}

Deno.test("registerAdmin serves an open page that may run nothing but its own scripts", async () => {
  const app = new Hono();
  registerAdmin(app);
  const page = await app.request("/admin");
  assertEquals(page.status, 200);
  const policy = page.headers.get("content-security-policy") ?? "";
  for (const part of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"]) {
    assertStringIncludes(policy, part);
  }
  assert(!/unsafe|\*|https?:/.test(policy), policy);
  const html = await page.text();
  assertEquals(html.match(/(https?:)?\/\/[a-z0-9-]+\.[a-z]+[^"' ]*/gi), null);
  assertEquals(html.match(/<style|<script>|\sstyle=|\son[a-z]+=/g), null);
  for (const [, path] of html.matchAll(/(?:src|href)="(admin\/[^"]+)"/g)) {
    const file = await app.request(`/${path}`);
    assertEquals(file.status, 200, path);
    assertEquals(file.headers.get("x-content-type-options"), "nosniff");
    const etag = file.headers.get("etag") ?? "";
    const again = await app.request(`/${path}`, { headers: { "if-none-match": etag } });
    assertEquals([again.status, await again.text()], [304, ""]);
    await file.body?.cancel();
  }
  assertEquals((await app.request("/admin/nothing.js")).status, 404);
  assertEquals((await app.request("/admin/admin_routes.ts")).status, 404);
  assertEquals((await app.request("/admin/")).headers.get("location"), "../admin");
});

Deno.test("the admin page's scripts never make markup of data", async () => {
  const folder = new URL("../../src/http/admin/page/", import.meta.url);
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".js")) continue;
    const text = await Deno.readTextFile(new URL(name, folder));
    assert(text.startsWith("// @ts-check\n"), `${name} must be checked`);
    assertEquals(
      text.match(/innerHTML|outerHTML|insertAdjacent|document\.write|eval\(/g),
      null,
      name,
    );
    assert(text.split("\n").length <= 280, `${name} must hold one idea`);
  }
});

Deno.test("the admin page asks for a key, says that one is wrong, and loads nothing from elsewhere", async () => {
  await using site = await AdminSite.open();
  const page = await site.page();
  await page.getByLabel("API key").fill("not-a-key");
  await page.keyboard.press("Enter");
  await page.getByText("the key is not known").waitFor();
  assertEquals(await page.evaluate("sessionStorage.length"), 0);
  await page.getByLabel("API key").fill(KEY);
  await page.keyboard.press("Enter");
  await page.locator(".node").first().waitFor();
  assertEquals(await page.locator(".node").count(), 6);
  assertEquals(await page.evaluate("[sessionStorage.length, localStorage.length]"), [1, 0]);
  for (const url of site.loaded) assert(url.startsWith(site.origin) || url === "data:,", url);
  await page.reload();
  await page.locator(".node").first().waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("API key").waitFor();
  assertEquals(await page.evaluate("sessionStorage.length"), 0);
  assertEquals(site.complaints, []);
});

Deno.test("the admin page shows a replica that is down, in words and shapes, and says the alert aloud", async () => {
  await using site = await AdminSite.open();
  const page = await site.signedIn();
  assertEquals(await level(page, "s1b"), "ok");
  const shape = () => page.locator('[data-node="s1b"] .glyph').getAttribute("d");
  const well = await shape();
  site.trouble = { down: ["s1b"], alerts: [nodeDownAlert("s1b", 2_000)] };
  await eventually(async () => await level(page, "s1b") === "down");
  assert(await shape() !== well, "the mark must differ in more than its colour");
  assertMatch(
    await page.locator('[data-node="s1b"]').textContent() ?? "",
    /DOWN.*connection refused/,
  );
  await page.locator(".changes li", { hasText: "s1b" }).getByText("up → down").waitFor();
  await page.locator(".alert.critical", { hasText: "s1b does not answer." }).waitFor();
  await page.locator("#announce", { hasText: "critical alert: s1b does not answer." }).waitFor({
    state: "attached",
  });
  assertStringIncludes(await page.title(), "✕ 1 · example");
  site.trouble = {};
  await eventually(async () => await level(page, "s1b") === "ok");
  await page.getByText("No alert is raised.").waitFor();
  assertEquals(site.complaints, []);
});

Deno.test("the admin page marks what else is wrong with a fleet", async () => {
  await using site = await AdminSite.open();
  site.trouble = {
    headless: ["s2"],
    ejected: { s1b: "8200 ms behind, more than 5000", s1c: "drained by ops at 11:02" },
    waiting: 5,
    silent: true,
    failing: 0.2,
  };
  const page = await site.signedIn();
  assertEquals(await level(page, "s1b"), "out");
  assertEquals(await level(page, "s1c"), "drained");
  assertStringIncludes(await page.locator('[data-shard="s2"]').textContent() ?? "", "NO PRIMARY");
  await page.locator("#processes tr.bad", { hasText: "silent" }).first().waitFor();
  await page.locator(".vital.warn", { hasText: "Errors" }).waitFor();
  assertEquals(site.complaints, []);
});

Deno.test("the admin page sorts statements by keyboard and keeps the focus while values change", async () => {
  await using site = await AdminSite.open();
  const page = await site.signedIn();
  const names = () => page.locator("#statements tbody").first().locator("th").allTextContents();
  const head = page.locator("#statements th", { hasText: "Statement" }).first();
  await page.locator("#statements").getByRole("button", { name: "Statement", exact: true }).focus();
  await page.keyboard.press("Enter");
  assertEquals(await head.getAttribute("aria-sort"), "ascending");
  const rising = await names();
  assertEquals(rising, rising.toSorted());
  await page.keyboard.press("Enter");
  assertEquals(await head.getAttribute("aria-sort"), "descending");
  assertEquals(await names(), rising.toReversed());
  await page.getByRole("button", { name: "player.get" }).focus();
  const views = () => page.locator("#charts .line.first").first().getAttribute("d");
  const before = await views();
  await eventually(async () => await views() !== before);
  assertEquals(await page.evaluate("document.activeElement.textContent"), "player.get");
  assertEquals(site.complaints, []);
});

Deno.test("the admin page asks before it acts, and says what came out", async () => {
  let holds = true;
  await using site = await AdminSite.open({
    "GET /v1/locks": (c) => c.json(holds ? LOCKS : { locks: [] }),
    "DELETE /v1/locks/raid%3A7": (c) => {
      holds = false;
      return c.json({ released: true });
    },
    "POST /v1/admin/nodes/s1b/drain": (c) =>
      c.json({ code: "forbidden", detail: "Cannot do this: it needs the scope admin" }, 403),
    "POST /v1/caches/players/invalidate": (c) => c.json({ invalidated: 1 }),
  });
  const page = await site.signedIn();
  await page.locator("#locks > summary").click();
  const release = page.getByRole("button", { name: "Release…" });
  await release.focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Release raid:7" });
  await dialog.waitFor();
  assertEquals(await page.evaluate("document.activeElement.textContent"), "Cancel");
  await page.keyboard.press("Escape");
  assertEquals(await page.evaluate("document.activeElement.textContent"), "Release…");
  const acts = () => site.asked.filter(({ method }) => method !== "GET");
  assertEquals(acts(), []);

  await release.click();
  await dialog.getByRole("button", { name: "Release", exact: true }).click();
  await dialog.getByText("raid:7 is free for the next one.").waitFor();
  await dialog.getByRole("button", { name: "Close" }).last().click();
  await page.getByText("No lock is held.").waitFor();

  await page.locator('[data-node="s1b"]').focus();
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Drain…" }).click();
  await page.getByRole("button", { name: "Drain", exact: true }).click();
  await page.getByText("it needs the scope admin. Sign in with a key that has it.").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");

  await page.locator('#caches [data-key="players"]').getByRole("button").click();
  await page.getByLabel("Tag").fill("player:42");
  await page.keyboard.press("Enter");
  await page.getByText("What carried player:42 is dropped").waitFor();
  assertEquals(acts(), [
    { method: "DELETE", path: "/v1/locks/raid%3A7?force=true", body: undefined },
    { method: "POST", path: "/v1/admin/nodes/s1b/drain", body: { drain: true } },
    { method: "POST", path: "/v1/caches/players/invalidate", body: { tags: ["player:42"] } },
  ]);
  assertEquals(site.complaints, []);
});

Deno.test("the admin page does partition upkeep only once its steps were shown", async () => {
  const step = { action: "drop", partition: "p20260101", until: "2026-01-02T00:00:00Z" };
  const part = { shard: "s1", node: "s1a", status: "due", partitions: [] };
  const table = { table: "event_log", by: "range", column: "at" };
  const steps = (outcome: string) => [{ ...step, outcome, sql: ["ALTER TABLE event_log …"] }];
  const answer = (outcome: string) => ({
    ...table,
    shards: [{ ...part, plan: { steps: steps(outcome), problems: [] } }],
  });
  await using site = await AdminSite.open({
    "GET /v1/partitions": (c) => c.json({ tables: [answer("planned")] }),
    "POST /v1/partitions/event_log/maintain": (c) => {
      const { dryRun } = site.asked.at(-1)?.body as { readonly dryRun?: boolean };
      return c.json(answer(dryRun === true ? "planned" : "done"));
    },
  });
  const page = await site.signedIn();
  await page.locator("#partitions > summary").click();
  await page.getByRole("button", { name: "Upkeep…" }).click();
  await page.getByText("s1: drop p20260101").waitFor();
  await page.getByText("ALTER TABLE event_log …").waitFor();
  await page.getByRole("button", { name: "Do it" }).click();
  await page.locator('[data-outcome="done"]').waitFor();
  assertEquals(site.asked.filter(({ method }) => method === "POST").map(({ body }) => body), [
    { dryRun: true },
    {},
  ]);
  assertEquals(site.complaints, []);
});

Deno.test("the admin page says that it is stale when the stream ends, and goes on when it is back", async () => {
  await using site = await AdminSite.open();
  const page = await site.signedIn();
  await page.getByText("Live", { exact: true }).waitFor();
  site.cut();
  await page.getByText(/Stale: what you see is \d+ s old/).waitFor();
  site.trouble = { down: ["s2c"] };
  site.mend();
  await page.getByText("Live", { exact: true }).waitFor();
  assertEquals(await page.locator("#stale").isHidden(), true);
  await eventually(async () => await level(page, "s2c") === "down");
  assertEquals(site.complaints, []);
});

Deno.test("the admin page hides the audit log of a service that has none", async () => {
  await using without = await AdminSite.open();
  const plain = await without.signedIn();
  await eventually(() => without.asked.some(({ path }) => path.startsWith("/v1/admin/audit")));
  assertEquals(await plain.locator("#audit").isHidden(), true);
  const entry = { at: 1, by: "ops", action: "lock.release", target: "raid:7", outcome: "done" };
  await using site = await AdminSite.open({
    "GET /v1/admin/audit": (c) => c.json({ entries: [entry] }),
  });
  const page = await site.signedIn();
  await page.locator("#audit > summary").click();
  await page.locator("#audit td", { hasText: "lock.release" }).waitFor();
  assertEquals([...without.complaints, ...site.complaints], []);
});

Deno.test("the checks of a page find a faint text and a button without a name", async () => {
  await using site = await AdminSite.open();
  const page = await site.page();
  await page.evaluate(`{
    const faint = document.createElement("p");
    faint.textContent = "hard to read";
    faint.style.color = "#a9a9a9";
    document.querySelector("main").append(faint, document.createElement("button"));
  }`);
  assertMatch(String(await page.evaluate(faintTexts)), /^hard to read \d\.\d\d$/);
  assertEquals(await page.evaluate(namelessControls), ["<button></button>"]);
});

for (const colorScheme of ["light", "dark"] as const) {
  Deno.test(`the admin page is readable and fits a phone in the ${colorScheme}`, async () => {
    await using site = await AdminSite.open({ "GET /v1/locks": (c) => c.json(LOCKS) });
    site.trouble = {
      down: ["s1b"],
      failing: 0.1,
      waiting: 2,
      silent: true,
      alerts: [nodeDownAlert("s1b", 9_000), nodeDownAlert("s2b", 900_000, "cleared")],
    };
    const page = await site.signedIn({ viewport: { width: 390, height: 844 }, colorScheme });
    await page.locator("#locks > summary").click();
    await page.getByRole("button", { name: "Release…" }).waitFor();
    assertEquals(await page.evaluate("document.documentElement.scrollWidth"), 390);
    assertEquals(await page.evaluate(faintTexts), []);
    assertEquals(await page.evaluate(namelessControls), []);
    const background = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
    const before = await background();
    await page.getByRole("button", { name: "Light or dark" }).click();
    assert(await background() !== before);
    assertEquals(await page.evaluate(faintTexts), []);
    await page.getByRole("button", { name: "Release…" }).click();
    assertEquals(await page.evaluate(faintTexts), []);
    assertEquals(await page.evaluate("document.documentElement.scrollWidth"), 390);
    assertEquals(site.complaints, []);
  });
}
