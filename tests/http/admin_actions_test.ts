import { assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { AdminSite } from "./admin_site.ts";
import { HELD_LOCK } from "./fleet_views.ts";
import { browserForThisFile } from "../support/browser.ts";

const browser = browserForThisFile();

Deno.test("the admin page asks before it acts, and says what came out", async () => {
  let lock = { ...HELD_LOCK };
  let mayEnd = false;
  await using site = new AdminSite(browser(), {
    "GET /v1/locks": (c) => c.json({ locks: lock.held ? [HELD_LOCK] : [] }),
    "GET /v1/locks/raid%3A7": (c) => c.json(lock),
    "DELETE /v1/locks/raid%3A7": async (c) => {
      await eventually(() => mayEnd);
      lock = { ...lock, held: false };
      return c.json({ released: true });
    },
    "POST /v1/admin/nodes/s1b/drain": (c) =>
      c.json({ code: "forbidden", detail: "Cannot do this: it needs the scope admin" }, 403),
    "POST /v1/caches/players/invalidate": (c) => c.json({ invalidated: 1 }),
  });
  const page = await site.signedIn();
  await page.locator("#locks > summary").click();
  const ask = page.getByRole("button", { name: "Release…" });
  await ask.focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Release raid:7" });
  await dialog.waitFor();
  assertEquals(await page.evaluate("document.activeElement.textContent"), "Cancel");
  await page.keyboard.press("Escape");
  assertEquals(await page.evaluate("document.activeElement.textContent"), "Release…");
  const acts = () => site.asked.filter(({ method }) => method !== "GET");
  assertEquals(acts(), []);

  lock = { ...HELD_LOCK, owner: "world-13", fence: "10" };
  await ask.click();
  await dialog.getByRole("button", { name: "Release", exact: true }).click();
  await dialog.getByText("world-13 holds it now").waitFor();
  assertEquals(acts(), []);
  await page.keyboard.press("Escape");
  lock = { ...HELD_LOCK };
  await ask.click();
  await dialog.getByRole("button", { name: "Release", exact: true }).click();
  await eventually(() => acts().length === 1);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.mouse.click(5, 5);
  assertEquals(await dialog.getByRole("button", { disabled: true }).count(), 3);
  mayEnd = true;
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
  await page.getByRole("dialog", { name: "Drop from every cache" }).waitFor();
  assertEquals(acts(), [
    { method: "DELETE", path: "/v1/locks/raid%3A7?force=true", body: undefined },
    { method: "POST", path: "/v1/admin/nodes/s1b/drain", body: { drain: true } },
    { method: "POST", path: "/v1/caches/players/invalidate", body: { tags: ["player:42"] } },
  ]);
  assertEquals(site.complaints, []);
});

Deno.test("the admin page does partition upkeep only once its steps were shown", async () => {
  const step = { action: "drop", partition: "p20260101", until: "2026-01-02T00:00:00Z" };
  let partition = step.partition;
  const part = { shard: "s1", node: "s1a", status: "due", partitions: [] };
  const table = { table: "event_log", by: "range", column: "at" };
  const steps = (
    outcome: string,
  ) => [{ ...step, partition, outcome, sql: ["ALTER TABLE event_log …"] }];
  const answer = (outcome: string) => ({
    ...table,
    shards: [{ ...part, plan: { steps: steps(outcome), problems: [] } }],
  });
  await using site = new AdminSite(browser(), {
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
  partition = "p20260102";
  await page.getByRole("button", { name: "Do it" }).click();
  await page.locator(".result", { hasText: "Other steps" }).getByText("p20260102").waitFor();
  await page.getByRole("button", { name: "Do it" }).click();
  await page.locator('[data-outcome="done"]').waitFor();
  assertEquals(site.asked.filter(({ method }) => method === "POST").map(({ body }) => body), [
    ...Array.from({ length: 3 }, () => ({ dryRun: true })),
    {},
  ]);
  assertEquals(site.complaints, []);
});
