import { assertEquals, assertThrows } from "@std/assert";
import { RealmgateError } from "../../src/core/errors.ts";
import { type Log, silentLog } from "../../src/core/log.ts";
import { EventStreams, MAX_STREAMS } from "../../src/http/event_streams.ts";
import type { Alert } from "../../src/monitor/alert.ts";
import type { FleetView } from "../../src/monitor/fleet_view.ts";
import { eventually } from "../support/eventually.ts";
import { ManualClock } from "../support/manual_clock.ts";

/** A source that a test fills, and that counts how often it is asked. */
class Source {
  readonly clock = new ManualClock();
  readonly warnings: string[] = [];
  readonly streams: EventStreams;
  alerts: readonly Alert[] = [];
  fleet = "test";
  asked = 0;
  answer: "at once" | "never" | "fails" = "at once";

  constructor() {
    const fleet = (): Promise<FleetView> => {
      this.asked++;
      if (this.answer === "never") return new Promise(() => {});
      if (this.answer === "fails") return Promise.reject(new Error("away"));
      return Promise.resolve({
        at: this.clock.wallMs(),
        fleet: this.fleet,
        scope: "fleet",
        processes: [],
        shards: [],
        nodes: [],
        statements: [],
        slow: [],
        alerts: this.alerts,
      });
    };
    const log: Log = { ...silentLog, warn: (message) => void this.warnings.push(message) };
    this.streams = new EventStreams({ monitor: { fleet, own: fleet }, clock: this.clock, log });
  }

  open(lastId: string | null = null) {
    return this.streams.open(lastId).getReader();
  }

  /** Lets a second pass, and what it asked for be answered. */
  async second(): Promise<void> {
    this.clock.advance(1_000);
    await settled();
  }
}

/** After what is due in this turn of the event loop. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** The next chunk's events: their names with the data's instant or alert, and comments. */
async function next(reader: Reader): Promise<string[]> {
  const { value } = await reader.read();
  return new TextDecoder().decode(value).split("\n\n").filter((text) => text !== "").map((text) => {
    const field = (name: string) => text.match(new RegExp(`^${name}: (.*)$`, "m"))?.[1];
    const event = field("event");
    if (event === undefined) return text;
    const data = JSON.parse(field("data") ?? "");
    return event === "fleet" ? `fleet ${data.at - Date.UTC(2026, 0, 1)}` : `alert ${field("id")}`;
  });
}

function alert(id: string, state: Alert["state"], at: number): Alert {
  return {
    id,
    rule: "node_down",
    severity: "critical",
    state,
    subject: { node: "s1a" },
    summary: "s1a is down",
    advice: "Look at it.",
    value: null,
    threshold: null,
    raisedAt: at,
    clearedAt: state === "cleared" ? at + 10 : null,
    flapping: false,
  };
}

Deno.test("EventStreams asks its source once a second however many listen", async () => {
  const source = new Source();
  const readers = Array.from({ length: 5 }, () => source.open());
  await settled();
  for (const reader of readers) assertEquals(await next(reader), ["retry: 1000", "fleet 0"]);
  assertEquals(source.asked, 1);
  await source.second();
  for (const reader of readers) assertEquals(await next(reader), ["fleet 1000"]);
  assertEquals(source.asked, 2);
  assertEquals(await next(source.open()), ["retry: 1000", "fleet 1000"]);
  assertEquals(source.asked, 2, "who comes between two views gets the last");
});

Deno.test("EventStreams tells of alerts that were raised and cleared since the client's last view", async () => {
  const source = new Source();
  source.alerts = [alert("a", "raised", 1)];
  const quick = source.open();
  const slow = source.open();
  await settled();
  assertEquals(await next(quick), ["retry: 1000", "fleet 0"]);
  source.alerts = [alert("b", "raised", 2), alert("a", "raised", 1)];
  await source.second();
  assertEquals(await next(quick), ["alert b/raised", "fleet 1000"]);
  source.alerts = [alert("b", "raised", 2), alert("a", "cleared", 1)];
  await source.second();
  assertEquals(await next(quick), ["alert a/cleared", "fleet 2000"]);
  assertEquals(await next(slow), ["retry: 1000", "fleet 0"]);
  await source.second();
  assertEquals(await next(quick), ["fleet 3000"]);
  assertEquals(await next(slow), ["alert b/raised", "alert a/cleared", "fleet 3000"]);
});

Deno.test("EventStreams tells a client that comes back of what it missed", async () => {
  const source = new Source();
  source.alerts = [alert("c", "cleared", 30), alert("b", "raised", 20), alert("a", "raised", 10)];
  const reader = source.open("a/raised");
  await settled();
  assertEquals(await next(reader), [
    "retry: 1000",
    "alert b/raised",
    "alert c/cleared",
    "fleet 0",
  ]);
  assertEquals(await next(source.open("unheard of")), ["retry: 1000", "fleet 0"]);
  // It heard that c was raised; since then b was, and c is over.
  const later = new Source();
  later.alerts = [{ ...alert("c", "cleared", 30), raisedAt: 15 }, alert("b", "raised", 20)];
  const back = later.open("c/raised");
  await settled();
  assertEquals(await next(back), [
    "retry: 1000",
    "alert b/raised",
    "alert c/cleared",
    "fleet 0",
  ]);
});

Deno.test("EventStreams stops asking when the last client has left", async () => {
  const source = new Source();
  const [one, two] = [source.open(), source.open()];
  await settled();
  await one.cancel();
  await source.second();
  assertEquals([source.asked, source.streams.size], [2, 1]);
  await two.cancel();
  assertEquals([source.clock.pending, source.streams.size], [0, 0]);
  const back = source.open();
  await settled();
  assertEquals(await next(back), ["retry: 1000", "fleet 1000"]);
});

Deno.test("EventStreams ends the stream of a client that takes nothing for half a minute", async () => {
  const source = new Source();
  const stuck = source.open();
  const live = source.open();
  for (let second = 0; second <= 31; second++) {
    await source.second();
    await next(live);
  }
  assertEquals(source.streams.size, 1);
  await eventually(() => stuck.read().then(() => false, () => true));
});

Deno.test("EventStreams says that it lives while its source gives no view", async () => {
  const source = new Source();
  source.answer = "fails";
  const reader = source.open();
  await settled();
  assertEquals(await next(reader), ["retry: 1000", ": no view yet"]);
  await source.second();
  assertEquals(await next(reader), [": no view yet"]);
  assertEquals(source.warnings.length, 1, "one trouble is told once");
  source.answer = "at once";
  await source.second();
  assertEquals(await next(reader), ["fleet 2000"]);
  source.answer = "never";
  await source.second();
  await source.second();
  assertEquals(await next(reader), [": no view yet"]);
  assertEquals(source.asked, 4, "a question that hangs is not asked again");
});

Deno.test("EventStreams refuses more than its bound, and whoever comes after its end", async () => {
  const source = new Source();
  const readers = Array.from({ length: MAX_STREAMS }, () => source.open());
  const code = (error: unknown) => (error as RealmgateError).code;
  assertEquals(code(assertThrows(() => source.open(), RealmgateError)), "overloaded");
  await readers[0]?.cancel();
  const last = source.open();
  await settled();
  await next(last);
  source.streams.close();
  assertEquals((await last.read()).done, true);
  assertEquals(source.clock.pending, 0);
  assertEquals(code(assertThrows(() => source.open(), RealmgateError)), "shutting_down");
});

/** A server of one source's streams. */
function serve(source: Source) {
  return Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => {
    return new Response(source.streams.open(null), {
      headers: { "content-type": "text/event-stream", "cache-control": "no-store, no-transform" },
    });
  });
}

Deno.test("EventStreams notices a client that hangs up", async () => {
  const source = new Source();
  const server = serve(source);
  const hangUp = new AbortController();
  const { body } = await fetch(`http://127.0.0.1:${server.addr.port}/`, { signal: hangUp.signal });
  if (body === null) throw new Error("a stream must have a body");
  await next(body.getReader());
  assertEquals(source.streams.size, 1);
  hangUp.abort();
  await eventually(() => source.streams.size === 0);
  assertEquals(source.clock.pending, 0);
  await server.shutdown();
});

Deno.test("EventStreams queues nothing for a client that does not read, and leaves it in the end", async () => {
  const source = new Source();
  source.fleet = "x".repeat(1_000_000);
  const server = serve(source);
  const socket = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
  await socket.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  await eventually(() => source.streams.size === 1);
  // What the kernel's buffers take is taken; then nothing is, and its time runs.
  for (let second = 0; second < 120 && source.streams.size > 0; second++) await source.second();
  assertEquals(source.streams.size, 0);
  socket.close();
  await server.shutdown();
});
