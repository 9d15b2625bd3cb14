import { assertEquals, assertRejects } from "@std/assert";
import { Announcer } from "../../src/cache/announcer.ts";
import type { CacheEvent } from "../../src/cache/cache_event.ts";
import { ManualClock } from "../support/manual_clock.ts";

/** A log that answers when the test says so. */
class SlowLog {
  /** The batches that were sent, as the ids of their events. */
  readonly batches: string[][] = [];
  #answer = Promise.withResolvers<void>();

  readonly record = (events: readonly CacheEvent[]): Promise<void> => {
    this.batches.push(events.map((event) => event.kind === "dropped" ? "?" : event.id));
    this.#answer = Promise.withResolvers();
    return this.#answer.promise;
  };

  /** Answers the batch that is under way, and lets what follows from it happen. */
  async answer(error?: Error): Promise<void> {
    if (error === undefined) this.#answer.resolve();
    else this.#answer.reject(error);
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  }
}

class Away extends Error {}

function event(id: string): CacheEvent {
  return { kind: "aborted", id };
}

function begin() {
  const log = new SlowLog();
  return { log, announcer: new Announcer(log.record) };
}

Deno.test("Announcer sends an event at once when none is on its way", async () => {
  const { log, announcer } = begin();
  const told = announcer.tell(event("a"));
  assertEquals(log.batches, [["a"]]);
  await log.answer();
  await told;
});

Deno.test("Announcer sends as one batch, in order, what gathers while one is on its way", async () => {
  const { log, announcer } = begin();
  const order: string[] = [];
  const tell = (id: string) => announcer.tell(event(id)).then(() => order.push(id));
  const told = [tell("a"), tell("b")];
  announcer.keepTelling(event("c"));
  told.push(tell("d"));
  assertEquals([log.batches, announcer.size], [[["a"]], 3]);
  await log.answer();
  assertEquals(log.batches, [["a"], ["b", "c", "d"]]);
  assertEquals(order, ["a"]);
  await log.answer();
  await Promise.all(told);
  assertEquals([order, announcer.size], [["a", "b", "d"], 0]);
});

Deno.test("Announcer sends no more than 256 events at once", async () => {
  const { log, announcer } = begin();
  for (let at = 0; at < 600; at++) announcer.keepTelling(event(`${at}`));
  while (announcer.size > 0) await log.answer();
  assertEquals(log.batches.map(({ length }) => length), [1, 256, 256, 87]);
  assertEquals(log.batches.flat(), Array.from({ length: 600 }, (_, at) => `${at}`));
});

Deno.test("Announcer tells its callers of a failure, and those who wait behind them", async () => {
  const { log, announcer } = begin();
  const told = [announcer.tell(event("a")), announcer.tell(event("b"))];
  const failed = told.map((each) => assertRejects(() => each, Away));
  await log.answer(new Away());
  await Promise.all(failed);
  // A log that failed is not asked again for what nobody waits for any longer.
  assertEquals([log.batches, announcer.size], [[["a"]], 0]);
});

Deno.test("Announcer keeps telling what is to be kept, in order, once the log is back", async () => {
  const { log, announcer } = begin();
  announcer.keepTelling(event("a"));
  announcer.keepTelling(event("b"));
  const lost = assertRejects(() => announcer.tell(event("c")), Away);
  await log.answer(new Away());
  await lost;
  assertEquals([log.batches.length, announcer.size], [1, 2]);
  announcer.keepTelling(event("d"));
  assertEquals(log.batches, [["a"], ["a", "b", "d"]]);
  await log.answer(new Away());
  announcer.resume();
  await log.answer();
  assertEquals(log.batches.slice(2), [["a", "b", "d"]]);
  announcer.resume();
  assertEquals([log.batches.length, announcer.size], [3, 0]);
});

Deno.test("Announcer takes back what was not sent, and only that", async () => {
  const { log, announcer } = begin();
  const [sent, waits] = [event("a"), event("b")];
  const told = announcer.tell(sent);
  void announcer.tell(waits);
  assertEquals([announcer.takeBack(sent), announcer.takeBack(waits)], [false, true]);
  assertEquals(announcer.takeBack(waits), false);
  await log.answer();
  await told;
  assertEquals(log.batches, [["a"]]);
});

Deno.test("Announcer keeps the newest 10,000 events when the log stays away", async () => {
  const { log, announcer } = begin();
  for (let at = 0; at < 10_050; at++) announcer.keepTelling(event(`${at}`));
  await log.answer(new Away());
  assertEquals(announcer.size, 10_000);
  announcer.resume();
  assertEquals(log.batches.at(-1)?.[0], "50");
});

Deno.test("Announcer is idle once nothing is on its way", async () => {
  const { log, announcer } = begin();
  await announcer.idle();
  announcer.keepTelling(event("a"));
  announcer.keepTelling(event("b"));
  let idle = false;
  const waits = announcer.idle().then(() => idle = true);
  await log.answer();
  assertEquals(idle, false);
  await log.answer();
  await waits;
  assertEquals(idle, true);
});

Deno.test("Announcer lets what nobody waits for linger, and sends it with what somebody does", async () => {
  const log = new SlowLog();
  const clock = new ManualClock();
  const announcer = new Announcer(log.record, { clock, ms: 4 });
  announcer.keepTelling(event("a"));
  announcer.keepTelling(event("b"));
  assertEquals(log.batches, []);
  const told = announcer.tell(event("c"));
  assertEquals(log.batches, [["a", "b", "c"]]);
  announcer.keepTelling(event("d"));
  await log.answer();
  await told;
  assertEquals([log.batches.length, clock.pending], [1, 1]);
  clock.advance(4);
  assertEquals(log.batches[1], ["d"]);
  await log.answer();
  assertEquals([announcer.size, clock.pending], [0, 0]);
});
