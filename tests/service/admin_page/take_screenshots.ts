/**
 * `deno task screenshots`: the operator's page over the example realm under load, with a replica that
 * was just killed, as the README shows it: light, dark, and on a phone. Takes some three minutes.
 */
import { chromium, type Page } from "playwright-core";
import { pause, systemClock } from "../../../src/core/clock.ts";
import { chromiumPath } from "../../support/chromium.ts";
import type { Client } from "../../support/client.ts";
import { testRealm } from "../../support/realm.ts";

const FOLDER = new URL("./", import.meta.url).pathname;
/** How long the charts have to fill. */
const LOAD_MS = 150_000;

/** What game servers do, in their usual shares. */
async function play(client: Client, n: number): Promise<void> {
  const playerId = 1 + (n * 7_919) % 10_000;
  const hot = 1 + n % 50;
  await Promise.all([
    client.get(`/v1/query/player.get?playerId=${hot}`),
    client.get(`/v1/query/player.get?playerId=${playerId}`),
    client.get(`/v1/query/inventory.list?playerId=${playerId}`),
    n % 3 === 0 && client.exec("player.add_gold", { playerId, amount: 5 }),
    n % 5 === 0 && client.get("/v1/query/leaderboard.top?limit=10"),
    n % 4 === 0 && client.get(`/v1/query/event.list?playerId=${playerId}`),
    n % 40 === 0 && client.exec("player.add_gold", { playerId, amount: "much" }),
  ]);
}

async function open(browser: Awaited<ReturnType<typeof chromium.launch>>, options: {
  readonly url: string;
  readonly key: string;
  readonly width: number;
  readonly height: number;
  readonly scheme: "light" | "dark";
}): Promise<Page> {
  const { url, key, width, height, scheme } = options;
  const page = await browser.newPage({
    viewport: { width, height },
    colorScheme: scheme,
    deviceScaleFactor: width < 500 ? 2 : 1,
  });
  await page.goto(`${url}/admin`);
  await page.getByLabel("API key").fill(key);
  await page.keyboard.press("Enter");
  return page;
}

await using realm = await testRealm();
const { client } = await realm.serve({ isolates: 2 });
const state = { stop: false };
const players = Promise.all(Array.from({ length: 6 }, async (_, offset) => {
  for (let n = offset; !state.stop; n += 6) {
    await play(client, n);
    await pause(systemClock, 60 + 40 * Math.sin(performance.now() / 9_000));
  }
}));
for (const [name, owner] of [["raid:7", "world-12"], ["auction:42", "world-3"]] as const) {
  await client.post(`/v1/locks/${name}`, { ttlMs: 600_000, owner });
}
const browser = await chromium.launch({
  executablePath: await chromiumPath(),
  args: ["--no-sandbox", "--disable-gpu"],
});
try {
  const site = { url: client.url, key: realm.realm.apiKey };
  const wide = { ...site, width: 1_440, height: 900 };
  const pages = {
    light: await open(browser, { ...wide, scheme: "light" }),
    dark: await open(browser, { ...wide, scheme: "dark" }),
    phone: await open(browser, { ...site, width: 390, height: 844, scheme: "light" }),
  };
  await pause(systemClock, LOAD_MS);
  realm.realm.stack.shards[0]?.replicas[0]?.kill("SIGKILL");
  await pages.light.locator('#alerts [data-rule="node_down"]').waitFor();
  await pause(systemClock, 5_000);
  for (const [name, page] of Object.entries(pages)) {
    await page.screenshot({ path: `${FOLDER}${name}.png` });
  }
} finally {
  state.stop = true;
  await players;
  await browser.close();
}
