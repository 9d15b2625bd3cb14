import { type Browser, chromium } from "playwright-core";
import { chromiumPath } from "./chromium.ts";

/**
 * One Chromium for all tests of a file, since it takes seconds to start: begun before the first of
 * them, ended after the last. Each page that it makes is a session of its own.
 *
 * @returns a function that a test calls for it
 */
export function browserForThisFile(): () => Browser {
  const running: { browser: Browser | undefined } = { browser: undefined };
  Deno.test.beforeAll(async () => {
    running.browser = await chromium.launch({
      executablePath: await chromiumPath(),
      args: ["--no-sandbox", "--disable-gpu"],
    });
  });
  Deno.test.afterAll(async () => await running.browser?.close());
  return () => {
    if (running.browser !== undefined) return running.browser;
    throw new Error("the browser runs only within tests");
  };
}
