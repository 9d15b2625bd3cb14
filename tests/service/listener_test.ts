import { assertEquals } from "@std/assert";
import { systemClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { claimPort, type Handler, Listener } from "../../src/service/listener.ts";

const HANDLERS: Readonly<Record<string, Handler>> = {
  throws: () => {
    throw new Error("no answer");
  },
  rejects: () => Promise.reject(new Error("no answer")),
};

for (const [fails, handler] of Object.entries(HANDLERS)) {
  Deno.test(`Listener answers a problem and says it in the log when its handler ${fails}`, async () => {
    const lines: unknown[] = [];
    const error = (message: string, fields = {}) => lines.push({ message, ...fields });
    const listener = new Listener(handler, { clock: systemClock, log: { ...silentLog, error } });
    const at = { hostname: "127.0.0.1", port: claimPort({ hostname: "127.0.0.1", port: 0 }) };
    listener.start(at);
    const answer = await fetch(`http://127.0.0.1:${at.port}/`);
    const body = await answer.json();
    assertEquals(
      [answer.status, answer.headers.get("content-type"), body.code, body.outcome, body.retry],
      [500, "application/problem+json", "internal", "unknown", "never"],
    );
    assertEquals(lines, [
      {
        message: "a request failed",
        requestId: body.requestId,
        code: "internal",
        error: new Error("no answer"),
      },
    ]);
    await listener.stop();
  });
}
