import { assert, assertEquals } from "@std/assert";
import { chromium, type Page } from "playwright-core";
import { chromiumPath } from "../support/chromium.ts";
import type { Client } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { testRealm } from "../support/realm.ts";

/** Opens the page of a service in Chromium, and hears what the browser complains of. */
async function openPage(url: string) {
  const browser = await chromium.launch({
    executablePath: await chromiumPath(),
    args: ["--no-sandbox", "--disable-gpu"],
  });
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(`${url}/admin`);
  return { page, complaints, [Symbol.asyncDispose]: () => browser.close() };
}

async function signIn(page: Page, key: string): Promise<void> {
  await page.getByLabel("API key").fill(key);
  await page.keyboard.press("Enter");
}

async function holdLock(client: Client, name: string): Promise<void> {
  const grant = await client.post(`/v1/locks/${name}`, { ttlMs: 600_000, owner: "world-12" });
  assertEquals(grant.status, 201, grant.text);
}

Deno.test("Service shows its fleet at /admin, a replica that is killed, and does what an operator asks", async () => {
  await using realm = await testRealm();
  const { client } = await realm.serve();
  await using site = await openPage(client.url);
  const { page, complaints } = site;
  await signIn(page, "not-a-key");
  await page.getByText("the key is not known").waitFor();
  assertEquals(complaints.splice(0).filter((text) => !text.includes("401")), []);

  await signIn(page, realm.realm.apiKey);
  const names = realm.realm.stack.shards
    .flatMap(({ primary, replicas }) => [primary, ...replicas]).map(({ name }) => name);
  const level = (node: string) => page.locator(`[data-node="${node}"]`).getAttribute("data-level");
  for (const name of names) await eventually(async () => await level(name) === "ok");
  assertEquals(await page.locator(".node").count(), names.length);

  const replica = realm.realm.stack.shards[0]?.replicas[0];
  if (replica === undefined) throw new Error("the stack must have a replica");
  replica.kill("SIGKILL");
  await eventually(async () => await level(replica.name) === "down");
  assert((await page.locator(`[data-node="${replica.name}"]`).textContent())?.includes("DOWN"));
  const alert = page.locator('#alerts [data-rule="node_down"]');
  await alert.getByText(replica.name).first().waitFor();
  await replica.restart();
  await eventually(async () => await level(replica.name) === "ok", { withinMs: 20_000 });
  await page.getByText("No alert is raised.").waitFor();

  for (
    const [ask, act, shown] of [["Drain…", "Drain", "drained"], ["Take back…", "Take back", "ok"]]
  ) {
    await page.locator(`[data-node="${replica.name}"]`).click();
    await page.getByRole("button", { name: ask ?? "" }).click();
    await page.getByRole("button", { name: act ?? "", exact: true }).click();
    await page.locator(".result.good").waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    await eventually(async () => await level(replica.name) === shown);
  }

  for (let id = 1; id <= 20; id++) await client.get(`/v1/query/event.list?playerId=${id}`);
  await page.locator("#statements").getByText("event.list").first().waitFor();

  await holdLock(client, "raid:7");
  await page.locator("#locks > summary").click();
  await page.locator('#locks [data-key="raid:7"]').getByRole("button").click();
  await page.getByRole("button", { name: "Release", exact: true }).click();
  await page.getByText("raid:7 is free for the next one.").waitFor();
  assertEquals((await client.get("/v1/locks/raid:7")).body["held"], false);
  await page.keyboard.press("Escape");

  await page.locator('#caches [data-key="players"]').getByRole("button").click();
  await page.getByLabel("Tag").fill("player:42");
  await page.keyboard.press("Enter");
  await page.getByText("What carried player:42 is dropped").waitFor();
  await page.keyboard.press("Escape");

  await page.locator("#partitions > summary").click();
  await page.locator("#partitions").getByRole("button", { name: "Upkeep…" }).first().click();
  await page.locator(".steps li").first().waitFor();
  await page.getByRole("button", { name: "Do it" }).click();
  await page.locator(".result.good").waitFor();
  await page.keyboard.press("Escape");

  await page.locator("#audit > summary").click();
  for (const action of ["node.drain", "node.undrain", "lock.release", "cache.invalidate"]) {
    await page.locator("#audit").getByText(action, { exact: true }).waitFor();
  }
  assertEquals(complaints, []);
});

Deno.test("Service is not held up in its stop by those who listen to its events", async () => {
  await using realm = await testRealm();
  const { service, client } = await realm.serve();
  const headers = { authorization: `Bearer ${realm.realm.apiKey}` };
  const streams = await Promise.all(Array.from({ length: 4 }, async () => {
    const { status, body } = await fetch(`${client.url}/v1/events`, { headers });
    assertEquals(status, 200);
    if (body === null) throw new Error("a stream must have a body");
    return body.pipeThrough(new TextDecoderStream()).getReader();
  }));
  for (const stream of streams) {
    let text = "";
    while (!text.includes("event: fleet")) text += (await stream.read()).value ?? "";
  }
  const stopped = service.stop();
  for (const stream of streams) {
    while (!(await stream.read()).done);
  }
  assertEquals(await stopped, 0);
  const refused = await fetch(`${client.url}/v1/events`, { headers }).catch(() => "refused");
  assertEquals(refused, "refused");
});

Deno.test("Service asks for the scope read before it tells events", async () => {
  await using realm = await testRealm();
  const { client } = await realm.serve({ isolates: 1 });
  const without = await fetch(`${client.url}/v1/events`);
  assertEquals(without.status, 401);
  await without.body?.cancel();
  const shell = await fetch(`${client.url}/admin`);
  assertEquals(shell.status, 200);
  await shell.body?.cancel();
});
