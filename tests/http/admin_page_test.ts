import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Hono } from "hono";
import type { Page } from "playwright-core";
import { registerAdmin } from "../../src/http/admin/admin_routes.ts";
import { eventually } from "../support/eventually.ts";
import { AdminSite, KEY } from "./admin_site.ts";
import { HELD_LOCK, nodeDownAlert } from "./fleet_views.ts";
import { faintTexts, namelessControls } from "./page_checks.ts";
import { browserForThisFile } from "../support/browser.ts";

const browser = browserForThisFile();

/** Runs in the page: which shape of a list has the focus once the one that had it changed places. */
const movedShape = `(async () => {
  const { keyed } = await import("/admin/keyed.js");
  const { s } = await import("/admin/dom.js");
  const list = document.querySelector("main").appendChild(s("svg"));
  const show = (names) =>
    keyed(list, names, { key: (name) => name, make: (id) => s("g", { id, tabindex: 0 }), update() {} });
  show(["a", "b"]);
  list.lastElementChild.focus();
  show(["b", "a"]);
  return document.activeElement.id;
})()`;

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
  await using site = new AdminSite(browser());
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
  site.cut();
  await page.reload();
  await page.locator("#link-text", { hasText: "Connecting" }).waitFor();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  site.mend();
  await page.locator(".node").first().waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("API key").waitFor();
  assertEquals(await page.evaluate("sessionStorage.length"), 0);
  assertEquals(site.complaints, []);
});

Deno.test("the admin page shows a replica that is down, in words and shapes, and says the alert aloud", async () => {
  await using site = new AdminSite(browser());
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
  await using site = new AdminSite(browser());
  site.trouble = {
    headless: ["s2"],
    ejected: {
      s1b: "8200 ms behind, more than 5000",
      s1c: "drained by ops at 2026-11-26T11:02:00.000Z",
    },
    waiting: 5,
    silent: true,
    failing: 0.2,
  };
  const page = await site.signedIn();
  assertEquals(await level(page, "s1b"), "out");
  assertEquals(await level(page, "s1c"), "drained");
  assertMatch(
    await page.locator('[data-node="s1c"]').textContent() ?? "",
    /DRAINEDby ops since \d\d:\d\d$/,
  );
  assertStringIncludes(await page.locator('[data-shard="s2"]').textContent() ?? "", "NO PRIMARY");
  await page.locator("#processes tr.bad", { hasText: "silent" }).first().waitFor();
  await page.locator(".vital.warn", { hasText: "Errors" }).waitFor();
  const caches = page.locator(".vital", { has: page.getByText("Caches", { exact: true }) });
  assertMatch(await caches.textContent() ?? "", /80 %of reads$/);
  site.trouble = { mute: "isolate-1" };
  await page.locator("#processes tr.child.bad", { hasText: "14 s ago" }).waitFor();
  assertEquals(await page.locator("#processes tr.bad").count(), 1, "another clock is no silence");
  assertEquals(site.complaints, []);
});

Deno.test("the admin page sorts statements by keyboard and keeps the focus while values change", async () => {
  await using site = new AdminSite(browser());
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
  await page.locator("#statements").getByRole("button", { name: "Cached", exact: true }).focus();
  for (const way of ["descending", "ascending"]) {
    await page.keyboard.press("Enter");
    await page.locator(`#statements th[aria-sort="${way}"]`, { hasText: "Cached" }).waitFor();
    const shares = await page.locator("#statements tbody").first().locator("td:nth-child(8)")
      .allTextContents();
    assertEquals(shares.map((share) => share === "–").indexOf(true), 4, `unknown last, ${way}`);
  }
  await page.getByRole("button", { name: "player.get" }).focus();
  const views = () => page.locator("#charts .line.first").first().getAttribute("d");
  const before = await views();
  await eventually(async () => await views() !== before);
  assertEquals(await page.evaluate("document.activeElement.textContent"), "player.get");
  assertEquals(await page.evaluate(movedShape), "b");
  assertEquals(site.complaints, []);
});

Deno.test("the admin page says that it is stale when the stream ends, and goes on when it is back", async () => {
  await using site = new AdminSite(browser());
  const page = await site.signedIn();
  await page.getByText("Live", { exact: true }).waitFor();
  const told = (node: string) =>
    page.locator("#announce", { hasText: `${node} does not answer` }).waitFor({
      state: "attached",
    });
  const older = nodeDownAlert("s1b", 9_000);
  site.trouble = { alerts: [older] };
  await told("s1b");
  site.cut();
  await page.getByText(/Stale: what you see is \d+ s old/).waitFor();
  assertMatch(await page.title(), /^Not live · ✕ 1/);
  site.trouble = { down: ["s2c"], alerts: [older] };
  site.mend();
  await page.getByText("Live", { exact: true }).waitFor();
  assertEquals(await page.locator("#stale").isHidden(), true);
  await eventually(async () => await level(page, "s2c") === "down");
  assertMatch(await page.title(), /^✕ 1/);
  site.cut();
  await page.getByText("Not live", { exact: true }).waitFor();
  site.trouble = { down: ["s2c"], alerts: [nodeDownAlert("s2c", 1_000), older] };
  site.mend();
  await told("s2c");
  assertEquals(site.complaints, []);
});

Deno.test("the admin page hides the audit log of a service that has none, and a session's from the next", async () => {
  await using without = new AdminSite(browser());
  const plain = await without.signedIn();
  await eventually(() => without.asked.some(({ path }) => path.startsWith("/v1/admin/audit")));
  assertEquals(await plain.locator("#audit").isHidden(), true);
  const entry = { at: 1, by: "ops", action: "lock.release", target: "raid:7", outcome: "done" };
  let admin = true;
  await using site = new AdminSite(browser(), {
    "GET /v1/admin/audit": (c) =>
      admin
        ? c.json({ entries: [{ id: "2-0", ...entry }, { id: "1-0", ...entry }] })
        : c.json({ code: "forbidden", detail: "Cannot read this: it needs the scope admin" }, 403),
  });
  const page = await site.signedIn();
  await page.locator("#audit > summary").click();
  await page.locator("#audit td", { hasText: "lock.release" }).first().waitFor();
  assertEquals(await page.locator("#audit tbody tr").count(), 2);
  for (const may of [false, true]) {
    await page.getByRole("button", { name: "Sign out" }).click();
    admin = may;
    await site.signIn(page);
    assertEquals(await page.locator("#audit[open], #audit tbody tr").count(), 0);
    await page.locator("#audit > summary").click();
    const shown = may ? "lock.release" : "Sign in with a key that has it.";
    await page.locator("#audit").getByText(shown).first().waitFor();
    assertEquals(await page.locator("#audit tbody tr").count(), may ? 2 : 0);
  }
  assertEquals([...without.complaints, ...site.complaints], []);
});

Deno.test("the checks of a page find a faint text and a button without a name", async () => {
  await using site = new AdminSite(browser());
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
    await using site = new AdminSite(browser(), {
      "GET /v1/locks": (c) => c.json({ locks: [HELD_LOCK] }),
    });
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
