import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Hono } from "hono";
import type { Browser, Page } from "playwright-core";
import { registerDocs } from "../../src/http/docs/register_docs.ts";
import { openApiDocument } from "../../src/http/openapi/document.ts";
import { browserForThisFile } from "../support/browser.ts";
import { documentedStatements } from "./documented_statements.ts";

const browser = browserForThisFile();

/** What the answering end got, and answers: enough to see what the page really sends. */
interface Call {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | null;
  readonly body: string;
}

class Site implements AsyncDisposable {
  readonly calls: Call[] = [];
  readonly complaints: string[] = [];
  readonly loaded: string[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #browser: Browser;
  readonly #pages: Page[] = [];

  constructor(browser: Browser) {
    this.#browser = browser;
    const document = openApiDocument({ statements: documentedStatements(), version: "1.2.3" });
    const app = new Hono();
    registerDocs(app, { openapi: () => document });
    app.all("/v1/*", async (c) => {
      const { pathname, search } = new URL(c.req.url);
      this.calls.push({
        method: c.req.method,
        path: pathname + search,
        authorization: c.req.header("authorization") ?? null,
        body: await c.req.text(),
      });
      return c.body('{"data":{"id":"9007199254740993","n":9007199254740993,"list":[]}}', 200, {
        "content-type": "application/json",
        "realmgate-shard": "s1",
      });
    });
    this.#server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, app.fetch);
  }

  async page(options: Parameters<Browser["newPage"]>[0] = {}): Promise<Page> {
    const page = await this.#browser.newPage({
      viewport: { width: 1440, height: 900 },
      ...options,
    });
    this.#pages.push(page);
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) this.complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.complaints.push(error.message));
    page.on("request", (request) => this.loaded.push(request.url()));
    await page.goto(`http://127.0.0.1:${this.#server.addr.port}/docs`);
    return page;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#pages.map((page) => page.context().close()));
    await this.#server.shutdown();
  }
}

function form(page: Page, id: string) {
  return page.locator(`[id="${id}"] .call`);
}

function field(page: Page, id: string, name: string) {
  return page.locator(`[id="${id}--${name}"]`);
}

Deno.test("docsPage loads nothing but itself and complains of nothing", async () => {
  await using site = new Site(browser());
  const page = await site.page();
  await page.locator("nav .entry[aria-current]").first().waitFor();
  assertEquals(site.loaded, [`${site.origin}/docs`]);
  assertEquals(site.complaints, []);
  const titles = await page.locator("section.endpoint h3 a").allTextContents();
  for (const { statement } of documentedStatements()) assert(titles.includes(statement.name));
  for (const path of ["/v1/batch", "/v1/topology", "/readyz"]) assert(titles.includes(path));
});

Deno.test("docsPage allows nothing from elsewhere and names no address", async () => {
  const app = new Hono();
  const document = openApiDocument({ statements: documentedStatements(), version: "1.2.3" });
  registerDocs(app, { openapi: () => document });
  const response = await app.request("/docs");
  const policy = response.headers.get("content-security-policy") ?? "";
  assertStringIncludes(policy, "default-src 'none'");
  assertStringIncludes(policy, "connect-src 'self'");
  assert(!/unsafe|\*|https?:/.test(policy), policy);
  const html = await response.text();
  assertEquals(html.match(/(https?:)?\/\/[a-z0-9-]+\.[a-z]+[^"' ]*/gi), null);
  assert(!html.includes("<read>"), "a statement's comment must be escaped");
  assert(!html.includes("do-not-show"), "a secret's example must not be shown");
});

Deno.test("docsPage sends what its form says when Send is pressed", async () => {
  await using site = new Site(browser());
  const page = await site.page();
  await page.locator("#page-key").fill("key-of-mine");
  await field(page, "player.get", "playerId").fill("9007199254740993");
  await form(page, "player.get").locator(".send").click();
  await form(page, "player.get").locator(".state.good").waitFor();
  const answer = await form(page, "player.get").locator(".answer").textContent();
  assertStringIncludes(answer ?? "", '"n": 9007199254740993');
  assertStringIncludes(
    await form(page, "player.get").locator(".answer-headers").textContent() ?? "",
    "realmgate-shard",
  );

  await form(page, "player.get").locator("[value=POST]").check({ force: true });
  await form(page, "player.get").locator(".send").click();
  await form(page, "player.get").locator(".state.good").waitFor();
  await field(page, "player.add_gold", "amount").fill("-7");
  await field(page, "player.add_gold", "amount").press("Enter");
  await form(page, "player.add_gold").locator(".state.good").waitFor();

  const authorization = "Bearer key-of-mine";
  assertEquals(site.calls, [
    {
      method: "GET",
      path: "/v1/query/player.get?playerId=9007199254740993",
      authorization,
      body: "",
    },
    {
      method: "POST",
      path: "/v1/query/player.get",
      authorization,
      body: '{"params":{"playerId":"9007199254740993"}}',
    },
    {
      method: "POST",
      path: "/v1/exec/player.add_gold",
      authorization,
      body: '{"params":{"playerId":"42","amount":"-7"}}',
    },
  ]);
  assertEquals(site.complaints, []);
});

Deno.test("docsPage's own values are ones that every statement accepts", async () => {
  await using site = new Site(browser());
  const page = await site.page();
  for (const compiled of documentedStatements()) {
    const { name } = compiled.statement;
    const methods = await form(page, name).locator(".method").all();
    for (const method of methods) {
      if (await method.getAttribute("type") === "radio") await method.check({ force: true });
      await form(page, name).locator(".send").click();
      await form(page, name).locator(".state.good").waitFor();
      const call = site.calls.at(-1);
      if (call?.method === "GET") compiled.bindQuery(call.path.split("?")[1] ?? "");
      else compiled.bindJson(JSON.parse(call?.body ?? "").params, ["4096"]);
    }
  }
  assertEquals(site.complaints, []);
});

Deno.test("docsPage's curl line is one that a shell runs", async () => {
  await using site = new Site(browser());
  const page = await site.page();
  await field(page, "player.rename", "name").fill(`O'Neil "$HOME" \\`);
  const line = await form(page, "player.rename").locator(".line").textContent() ?? "";
  const { success } = await new Deno.Command("sh", {
    args: ["-c", line.replace("curl ", "curl --silent --fail ")],
    env: { REALMGATE_KEY: "key-of-mine" },
  }).output();
  assert(success, line);
  assertEquals(site.calls.at(-1), {
    method: "POST",
    path: "/v1/exec/player.rename",
    authorization: "Bearer key-of-mine",
    body: JSON.stringify({ params: { playerId: "42", name: `O'Neil "$HOME" \\` } }),
  });
  await field(page, "account.login", "token").fill("hush");
  const shown = await form(page, "account.login").locator(".line").textContent() ?? "";
  assert(!shown.includes("hush"), "a secret must not be shown");
});

Deno.test("docsPage finds statements by keyboard", async () => {
  await using site = new Site(browser());
  const page = await site.page();
  await page.keyboard.press("/");
  await page.keyboard.type("amount");
  assertEquals(await page.locator("section.endpoint:visible h3 a").allTextContents(), [
    "player.add_gold",
  ]);
  await page.keyboard.press("ArrowDown");
  assertEquals(await page.evaluate("document.activeElement.hash"), "#player.add_gold");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Escape");
  assertEquals(
    await page.locator("section.endpoint:visible").count(),
    await page.locator("section.endpoint").count(),
  );
  assertEquals(site.complaints, []);
});

Deno.test("docsPage is readable in the dark and on a narrow screen", async () => {
  await using site = new Site(browser());
  const page = await site.page({ viewport: { width: 360, height: 740 }, colorScheme: "dark" });
  assertEquals(await page.evaluate("document.documentElement.scrollWidth"), 360);
  const background = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
  const dark = String(await background());
  await page.locator("#page-theme").click();
  const light = String(await background());
  assertMatch(dark, /\(1\d, 2\d, 2\d\)/);
  assertMatch(light, /\(25\d, 25\d, 25\d\)/);
  assertEquals(site.complaints, []);
});
