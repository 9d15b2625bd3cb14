import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { createHmac } from "node:crypto";
import { systemClock } from "../../src/core/clock.ts";
import { type Log, silentLog } from "../../src/core/log.ts";
import { seededRandom } from "../../src/core/random.ts";
import type { Alert } from "../../src/monitor/alert.ts";
import { logSink } from "../../src/monitor/alerts/alert_sink.ts";
import { secretKey, signedHeaders } from "../../src/monitor/alerts/webhook_signature.ts";
import { MAX_WAITING, WebhookSink } from "../../src/monitor/alerts/webhook_sink.ts";
import { eventually } from "../support/eventually.ts";
import { START } from "./fleet.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/** One request as a receiver got it. */
interface Received {
  readonly headers: Headers;
  readonly body: string;
}

/** How a receiver answers its nth request, from 0; `hang` answers nothing. */
type Answer = (n: number) => number | "hang";

/** Runs `test` with a receiver of its own and a sink that sends there. */
async function withWebhook(
  answer: Answer,
  test: (setting: {
    readonly sink: WebhookSink;
    readonly received: readonly Received[];
    /** What the log said. */
    readonly said: readonly string[];
    readonly server: Deno.HttpServer<Deno.NetAddr>;
  }) => Promise<void>,
): Promise<void> {
  const received: Received[] = [];
  const hung: PromiseWithResolvers<void>[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const body = await request.text();
      const n = received.push({ headers: request.headers, body }) - 1;
      const status = answer(n);
      if (status !== "hang") {
        const headers = status === 307 ? { location: "/elsewhere" } : new Headers();
        return new Response(null, { status, headers });
      }
      const wait = Promise.withResolvers<void>();
      hung.push(wait);
      await wait.promise;
      return new Response();
    },
  );
  const said: string[] = [];
  const line: Log["warn"] = (message, fields) => said.push(`${message} ${JSON.stringify(fields)}`);
  const sink = new WebhookSink({
    url: `http://127.0.0.1:${server.addr.port}/hook?token=s3cret`,
    secret: SECRET,
    fleet: "test",
    clock: systemClock,
    random: seededRandom(3),
    log: { ...silentLog, warn: line },
    attemptMs: 300,
    pauseMs: 5,
  });
  try {
    await test({ sink, received, said, server });
  } finally {
    await sink.stop();
    for (const { resolve } of hung) resolve();
    await server.shutdown();
  }
}

function alert(id: string): Alert {
  return {
    id,
    rule: "node_down",
    severity: "warning",
    state: "raised",
    subject: { shard: "s1", node: "s1b" },
    summary: "s1b is down",
    advice: "Start it again.",
    value: null,
    threshold: null,
    raisedAt: START,
    clearedAt: null,
    flapping: false,
  };
}

const ids = (received: readonly Received[]) =>
  received.map(({ body }) => JSON.parse(body).data.alert.id);

Deno.test("WebhookSink sends what was raised and cleared in order, signed by the Standard Webhooks scheme", async () => {
  await withWebhook(() => 204, async ({ sink, received, said }) => {
    sink.tell({ kind: "raised", alert: alert("a") });
    sink.tell({
      kind: "cleared",
      alert: { ...alert("a"), state: "cleared", clearedAt: START + 60_000 },
    });
    await eventually(() => received.length === 2);
    const [first, second] = received.map(({ body }) => JSON.parse(body));
    assertEquals([first.type, second.type], ["alert.raised", "alert.cleared"]);
    assertEquals(second.timestamp, new Date(START + 60_000).toISOString());
    assertEquals(first.data, { fleet: "test", alert: alert("a") });
    for (const { headers, body } of received) {
      const id = headers.get("webhook-id") ?? "";
      const timestamp = headers.get("webhook-timestamp") ?? "";
      assertMatch(id, /^msg_\w+$/);
      assert(Math.abs(Number(timestamp) - Date.now() / 1_000) < 300);
      assertEquals(headers.get("content-type"), "application/json");
      // As a receiver would check it.
      const key = Uint8Array.fromBase64(SECRET.slice("whsec_".length));
      const hmac = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
      assertEquals(headers.get("webhook-signature"), `v1,${hmac}`);
    }
    assertEquals(said, []);
  });
});

Deno.test("WebhookSink tries again under the same id when it is refused, sent elsewhere or not answered", async () => {
  const answers: (number | "hang")[] = [500, "hang", 307, 429, 200];
  await withWebhook((n) => answers[n] ?? 200, async ({ sink, received, said }) => {
    sink.tell({ kind: "raised", alert: alert("a") });
    sink.tell({ kind: "raised", alert: alert("b") });
    await eventually(() => received.length === 6);
    assertEquals(ids(received), ["a", "a", "a", "a", "a", "b"]);
    const messages = new Set(received.map(({ headers }) => headers.get("webhook-id")));
    assertEquals(messages.size, 2);
    assertEquals(said.length, 1);
    assertMatch(said[0] ?? "", /^a webhook does not take alerts .*"why":"500"/);
    assert(!said.join().includes("s3cret"));
  });
});

Deno.test("WebhookSink gives a message the same id in every process, and sends none twice of its own", async () => {
  const sent: string[] = [];
  for (const times of [1, 2]) {
    await withWebhook(() => 204, async ({ sink, received }) => {
      for (let time = 0; time < times; time++) sink.tell({ kind: "raised", alert: alert("a") });
      sink.tell({ kind: "raised", alert: alert("b") });
      await eventually(() => ids(received).includes("b"));
      sent.push(received.map(({ headers }) => headers.get("webhook-id")).join());
    });
  }
  assertEquals(sent, ["msg_a_raised,msg_b_raised", "msg_a_raised,msg_b_raised"]);
});

Deno.test("WebhookSink gives one message up after eleven attempts and goes on with the next", async () => {
  await withWebhook((n) => n < 11 ? 503 : 200, async ({ sink, received, said }) => {
    sink.tell({ kind: "raised", alert: alert("a") });
    sink.tell({ kind: "raised", alert: alert("b") });
    await eventually(() => received.length === 12);
    assertEquals(ids(received).at(-1), "b");
    assertMatch(said.at(-1) ?? "", /^an alert was not sent to a webhook .*"why":"503"/);
  });
});

Deno.test("WebhookSink sends nothing more to a webhook that is gone", async () => {
  await withWebhook(() => 410, async ({ sink, received, said }) => {
    sink.tell({ kind: "raised", alert: alert("a") });
    sink.tell({ kind: "raised", alert: alert("b") });
    await eventually(() => said.some((line) => line.startsWith("alerts were not sent")));
    sink.tell({ kind: "raised", alert: alert("c") });
    await sink.stop();
    assertEquals(ids(received), ["a"]);
    assertMatch(said[0] ?? "", /^a webhook is gone/);
  });
});

Deno.test("WebhookSink drops the oldest when too many wait, and says so once", async () => {
  let open = false;
  await withWebhook(() => open ? 200 : 500, async ({ sink, received, said }) => {
    const count = MAX_WAITING + 20;
    for (let n = 0; n < count; n++) sink.tell({ kind: "raised", alert: alert(String(n)) });
    assertEquals(said.length, 1);
    assertMatch(said[0] ?? "", /^alerts are dropped: too many wait/);
    open = true;
    await eventually(() => ids(received).at(-1) === String(count - 1));
    assertEquals(new Set(ids(received)).size, MAX_WAITING);
    assertEquals(ids(received)[0], "20");
    await eventually(() => said.some((line) => /^alerts were dropped .*"dropped":20/.test(line)));
  });
});

Deno.test("WebhookSink gives up at once when it is stopped, in an attempt or in a pause", async () => {
  await withWebhook(() => "hang", async ({ sink, received, said }) => {
    sink.tell({ kind: "raised", alert: alert("a") });
    sink.tell({ kind: "raised", alert: alert("b") });
    await eventually(() => received.length === 1);
    await sink.stop();
    assertEquals(received.length, 1);
    assertMatch(said.at(-1) ?? "", /^alerts were not sent to a webhook .*"left":1/);
  });
  await withWebhook(() => 500, async ({ sink, received }) => {
    sink.tell({ kind: "raised", alert: alert("a") });
    await eventually(() => received.length > 2);
    await sink.stop();
    const { length } = received;
    sink.tell({ kind: "raised", alert: alert("b") });
    await sink.stop();
    assertEquals(received.length, length);
  });
});

Deno.test("WebhookSink goes on when a receiver that was away is there again", async () => {
  await withWebhook(() => 200, async ({ server, said, sink: unused }) => {
    await unused.stop();
    const { port } = server.addr;
    await server.shutdown();
    const line: Log["warn"] = (message) => void (said as string[]).push(message);
    const sink = new WebhookSink({
      url: `http://127.0.0.1:${port}/hook`,
      secret: "a plain secret of some length",
      fleet: "test",
      clock: systemClock,
      random: seededRandom(3),
      log: { ...silentLog, warn: line },
      pauseMs: 50,
    });
    sink.tell({ kind: "raised", alert: alert("a") });
    await eventually(() => said.length === 1);
    const arrived = Promise.withResolvers<string>();
    const again = Deno.serve(
      { hostname: "127.0.0.1", port, onListen: () => {} },
      async (request) => {
        arrived.resolve(await request.text());
        return new Response();
      },
    );
    assertEquals(JSON.parse(await arrived.promise).data.alert.id, "a");
    await sink.stop();
    await again.shutdown();
  });
});

Deno.test("secretKey takes base64 after whsec_, and any other text as it is", () => {
  assertEquals(secretKey("plain"), new TextEncoder().encode("plain"));
  assertEquals(secretKey("whsec_AAEC"), new Uint8Array([0, 1, 2]));
  for (const secret of ["whsec_", "whsec_not base64!", ""]) {
    assertThrows(() => secretKey(secret), TypeError);
  }
});

Deno.test("signedHeaders signs the example of the specification as it does", () => {
  const headers = signedHeaders({
    id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
    timestamp: 1_614_265_330,
    body: '{"test": 2432232314}',
  }, secretKey(SECRET));
  assertEquals(
    headers["webhook-signature"],
    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  );
});

Deno.test("logSink warns of what is raised and tells of what is over", () => {
  const lines: unknown[] = [];
  const sink = logSink({
    ...silentLog,
    warn: (message, fields) => lines.push(["warn", message, fields?.["node"], fields?.["summary"]]),
    info: (message, fields) =>
      lines.push(["info", message, fields?.["node"], fields?.["lastedMs"]]),
  });
  sink.tell({ kind: "raised", alert: alert("a") });
  const cleared: Alert = { ...alert("a"), state: "cleared", clearedAt: START + 9_000 };
  sink.tell({ kind: "cleared", alert: cleared });
  assertEquals(lines, [
    ["warn", "alert raised", "s1b", "s1b is down"],
    ["info", "alert cleared", "s1b", 9_000],
  ]);
});
