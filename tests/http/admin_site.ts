import { type Context, Hono } from "hono";
import type { Browser, Page } from "playwright-core";
import { systemClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { registerAdmin } from "../../src/http/admin/admin_routes.ts";
import { EventStreams } from "../../src/http/event_streams.ts";
import type { FleetView } from "../../src/monitor/fleet_view.ts";
import { fleetView, type Trouble } from "./fleet_views.ts";

/** A key that the site knows. */
export const KEY = "key-of-mine";

/** What was asked of the site beside its page and its events. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

/** An answer to a request beside those. */
export type Answers = Readonly<Record<string, (c: Context) => Response | Promise<Response>>>;

/** The page, with a fleet that a test makes up: the page's own part is what is tested. */
export class AdminSite implements AsyncDisposable {
  readonly asked: Asked[] = [];
  readonly complaints: string[] = [];
  readonly loaded: string[] = [];
  #events: EventStreams;
  readonly #browser: Browser;
  readonly #pages: Page[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #seconds = 600;
  #trouble: Trouble = {};

  /**
   * @param browser which outlives it
   * @param answers by method and path, such as `GET /v1/locks`; others are 404
   */
  constructor(browser: Browser, answers: Answers = {}) {
    this.#browser = browser;
    this.#events = this.#streams();
    this.#server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      this.#app(answers).fetch,
    );
  }

  /** What is wrong with the fleet from now on. */
  set trouble(trouble: Trouble) {
    this.#trouble = { failingFrom: this.#seconds, ...trouble };
  }

  /** The page as it is before a key is given. */
  async page(options: Parameters<Browser["newPage"]>[0] = {}): Promise<Page> {
    const page = await this.#browser.newPage({
      viewport: { width: 1440, height: 900 },
      ...options,
    });
    this.#pages.push(page);
    page.on("console", (message) => {
      const expected = /status of (40[134]|500)/.test(message.text());
      if (["error", "warning"].includes(message.type()) && !expected) {
        this.complaints.push(message.text());
      }
    });
    page.on("pageerror", (error) => this.complaints.push(error.message));
    page.on("request", (request) => this.loaded.push(request.url()));
    await page.goto(`${this.origin}/admin`);
    return page;
  }

  /** The page with the fleet. */
  async signedIn(options: Parameters<Browser["newPage"]>[0] = {}): Promise<Page> {
    const page = await this.page(options);
    await this.signIn(page);
    return page;
  }

  /** Gives the key, and waits for the fleet. */
  async signIn(page: Page): Promise<void> {
    await page.getByLabel("API key").fill(KEY);
    await page.getByRole("button", { name: "Show the fleet" }).click();
    await page.locator(".node").first().waitFor();
  }

  /** Ends all streams and refuses new ones, as a service that stops. */
  cut(): void {
    this.#events.close();
  }

  /** Takes streams again. */
  mend(): void {
    this.#events = this.#streams();
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#events.close();
    await Promise.all(this.#pages.map((page) => page.context().close()));
    await this.#server.shutdown();
  }

  #streams(): EventStreams {
    const fleet = (): Promise<FleetView> =>
      Promise.resolve(fleetView(this.#seconds++, this.#trouble));
    const monitor = { fleet, own: fleet };
    return new EventStreams({ monitor, clock: systemClock, log: silentLog });
  }

  #app(answers: Answers): Hono {
    const app = new Hono();
    registerAdmin(app);
    app.use("/v1/*", async (c, next) => {
      if (c.req.header("authorization") === `Bearer ${KEY}`) return await next();
      const detail = "Cannot tell who you are: the key is not known";
      return c.json({ code: "unauthenticated", detail }, 401);
    });
    app.get("/v1/events", (c) => {
      const lastId = c.req.header("last-event-id") ?? null;
      return c.body(this.#events.open(lastId), 200, { "content-type": "text/event-stream" });
    });
    app.all("/v1/*", async (c) => {
      const { pathname, search } = new URL(c.req.url);
      const text = await c.req.text();
      this.asked.push({
        method: c.req.method,
        path: pathname + search,
        body: text === "" ? undefined : JSON.parse(text),
      });
      const answer = answers[`${c.req.method} ${pathname}`];
      return answer === undefined
        ? c.json({ code: "not_found", detail: "Cannot find anything here" }, 404)
        : await answer(c);
    });
    return app;
  }
}
