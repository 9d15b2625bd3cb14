import { assertEquals, assertRejects } from "@std/assert";
import type { Scope } from "../../src/core/scope.ts";
import { ScopeWatch } from "../../src/core/scope.ts";
import type { Rows } from "../../src/drivers/mysql.ts";
import type { Batch, ReadBatch } from "../../src/query/read_lane.ts";
import { ReadLane } from "../../src/query/read_lane.ts";
import { ManualClock } from "../support/manual_clock.ts";

const BOUND = { values: [], sql: "", shardKey: undefined };

interface Sent {
  readonly keys: readonly string[];
  readonly scope: Scope;
  readonly answer: (size?: number) => void;
  readonly give: (result: "too_large" | undefined) => void;
  readonly fail: (error: Error) => void;
}

/** A lane whose batches a test answers. */
class Setting {
  readonly clock = new ManualClock();
  readonly watch = new ScopeWatch({ clock: this.clock });
  readonly sent: Sent[] = [];
  readonly turns: (() => void)[] = [];
  readonly lane: ReadLane;

  constructor() {
    this.lane = new ReadLane({
      clock: this.clock,
      watch: this.watch,
      timeoutMs: 5_000,
      read: (batch, scope) => this.#read(batch, scope),
      afterTurn: (task) => this.turns.push(task),
    });
  }

  /** Ends the event loop's turn. */
  turn(): void {
    for (const task of this.turns.splice(0)) task();
  }

  ask(key: string, timeoutMs = 1_000): { readonly scope: Scope; readonly rows: Promise<unknown> } {
    const scope = this.watch.open({ timeoutMs });
    const alone = () =>
      this.#read(new Map([[key, { bound: BOUND }]]), scope).then((read) =>
        typeof read === "object" ? read.of(key) : undefined
      );
    const read = this.lane.atRest ? this.lane.alone(alone) : this.lane.read(key, BOUND, scope);
    const rows = read.then((found) => found?.rows);
    rows.catch(() => {});
    return { scope, rows };
  }

  #read(batch: Batch, scope: Scope): ReturnType<ReadBatch> {
    const { promise, resolve, reject } = Promise.withResolvers<Awaited<ReturnType<ReadBatch>>>();
    const of = (key: string): Rows => ({ kind: "rows", columns: [], rows: [[key]] });
    this.sent.push({
      keys: [...batch.keys()],
      scope,
      answer: (size = 0) => resolve({ of, size }),
      give: resolve,
      fail: reject,
    });
    return promise;
  }
}

Deno.test("ReadLane sends a call at once when its node is at rest", async () => {
  const setting = new Setting();
  const { rows } = setting.ask("1");
  assertEquals(setting.sent.map(({ keys }) => keys), [["1"]]);
  setting.sent[0]?.answer();
  assertEquals(await rows, [["1"]]);
  assertEquals(setting.lane.idle, true);
});

Deno.test("ReadLane gathers calls while one is under way and asks for each key once", async () => {
  const setting = new Setting();
  const first = setting.ask("1");
  const others = ["2", "3", "2", "1"].map((key) => setting.ask(key));
  assertEquals(setting.sent.length, 1, "nothing joins what was sent");
  setting.sent[0]?.answer();
  assertEquals(await first.rows, [["1"]]);
  await Promise.resolve();
  assertEquals(setting.sent[1]?.keys, ["2", "3", "1"]);
  setting.sent[1]?.answer();
  assertEquals(await Promise.all(others.map(({ rows }) => rows)), [
    [["2"]],
    [["3"]],
    [["2"]],
    [["1"]],
  ]);
});

Deno.test("ReadLane waits for those that came with the first when callers come together", async () => {
  const setting = new Setting();
  setting.ask("1");
  setting.ask("2");
  setting.ask("3");
  setting.sent[0]?.answer();
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(setting.sent[1]?.keys, ["2", "3"], "the first batch was of one");
  setting.sent[1]?.answer();
  await new Promise((resolve) => setTimeout(resolve));
  setting.ask("4");
  setting.ask("5");
  assertEquals(setting.sent.length, 2);
  setting.turn();
  assertEquals(setting.sent[2]?.keys, ["4", "5"]);
  setting.ask("6");
  setting.sent[2]?.answer();
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(setting.sent.length, 3);
  setting.turn();
  assertEquals(setting.sent[3]?.keys, ["6"]);
  setting.sent[3]?.answer();
  await new Promise((resolve) => setTimeout(resolve));
  setting.ask("7");
  assertEquals(setting.sent[4]?.keys, ["7"], "nobody comes with it");
});

Deno.test("ReadLane opens a second batch when the first takes twice as long as usual", () => {
  const setting = new Setting();
  setting.ask("1");
  setting.ask("2");
  setting.clock.advance(3);
  assertEquals(setting.sent.length, 1);
  setting.clock.advance(1);
  assertEquals(setting.sent.map(({ keys }) => keys), [["1"], ["2"]]);
  setting.ask("3");
  assertEquals(setting.sent.length, 2);
  setting.clock.advance(2);
  setting.ask("4");
  assertEquals(setting.sent.length, 2);
  setting.clock.advance(4);
  assertEquals(setting.sent[2]?.keys, ["3", "4"]);
});

Deno.test("ReadLane leaves a key out when all who asked for it have left before it was sent", async () => {
  const setting = new Setting();
  setting.ask("1");
  const left = setting.ask("2");
  setting.ask("3");
  left.scope.end("client_closed");
  await assertRejects(() => left.rows, Error, "client_closed");
  setting.clock.advance(4);
  assertEquals(setting.sent.map(({ keys }) => keys), [["1"], ["3"]]);
});

Deno.test("ReadLane stops a batch when the last who waits for it leaves, not before", async () => {
  const setting = new Setting();
  setting.ask("0");
  const [first, last] = [setting.ask("1"), setting.ask("2")];
  setting.clock.advance(10);
  assertEquals(setting.sent[1]?.keys, ["1", "2"]);
  first.scope.end("client_closed");
  await assertRejects(() => first.rows, Error, "client_closed");
  assertEquals(setting.sent[1]?.scope.ended, undefined);
  last.scope.end("deadline_exceeded");
  await assertRejects(() => last.rows, Error, "deadline_exceeded");
  assertEquals(setting.sent[1]?.scope.ended, "client_closed");

  const other = new Setting();
  other.ask("0");
  const [stays, leaves] = [other.ask("1"), other.ask("2")];
  other.clock.advance(10);
  leaves.scope.end("client_closed");
  other.sent[1]?.answer();
  assertEquals(await stays.rows, [["1"]]);
});

Deno.test("ReadLane reads a call under its own scope when nobody else is there", async () => {
  const setting = new Setting();
  const { scope, rows } = setting.ask("1");
  assertEquals(setting.sent[0]?.scope, scope);
  const next = setting.ask("2");
  setting.sent[0]?.fail(new Error("stopped"));
  await assertRejects(() => rows, Error, "stopped");
  await Promise.resolve();
  assertEquals(setting.sent[1]?.keys, ["2"], "who came meanwhile is read all the same");
  setting.sent[1]?.answer();
  assertEquals(await next.rows, [["2"]]);
});

Deno.test("ReadLane tells all of a batch when it fails, and when each has to read by itself", async () => {
  const setting = new Setting();
  const failed = setting.ask("1");
  setting.sent[0]?.fail(new Error("gone"));
  await assertRejects(() => failed.rows, Error, "gone");
  const alone = setting.ask("2");
  setting.sent[1]?.give(undefined);
  assertEquals(await alone.rows, undefined);
});

Deno.test("ReadLane sends at most 128 keys at a time, and the rest after them", async () => {
  const setting = new Setting();
  setting.ask("first");
  const asked = Array.from({ length: 300 }, (_, at) => setting.ask(String(at)));
  while (!setting.lane.idle) {
    for (const { answer } of setting.sent) answer();
    setting.turn();
    await new Promise((resolve) => setTimeout(resolve));
  }
  assertEquals(Math.max(...setting.sent.map(({ keys }) => keys.length)), 128);
  assertEquals((await Promise.all(asked.map(({ rows }) => rows))).length, 300);
});

Deno.test("ReadLane asks for half as many at once when their rows are too many, and slowly for more", async () => {
  const setting = new Setting();
  const settle = () => new Promise((resolve) => setTimeout(resolve));
  setting.ask("first");
  const asked = ["1", "2", "3", "4", "5"].map((key) => setting.ask(key));
  setting.sent[0]?.answer();
  await settle();
  assertEquals(setting.sent[1]?.keys, ["1", "2", "3", "4", "5"]);
  const again = setting.ask("3");
  const later = setting.ask("6");
  asked[1]?.scope.end("client_closed");
  setting.sent[1]?.give("too_large");
  for (let at = 2; at < 5; at++) {
    await settle();
    setting.turn();
    setting.sent[at]?.answer();
  }
  assertEquals(setting.sent.slice(2).map(({ keys }) => keys), [["1", "3"], ["4", "5", "6"]]);
  assertEquals(
    await Promise.all([asked[2]?.rows, again.rows, later.rows]),
    [[["3"]], [["3"]], [["6"]]],
  );
  await assertRejects(() => asked[1]?.rows as Promise<unknown>);
  assertEquals(setting.lane.idle, true);
});

Deno.test("ReadLane stops what it asks for again once nobody waits for it", async () => {
  const setting = new Setting();
  const settle = () => new Promise((resolve) => setTimeout(resolve));
  setting.ask("first");
  const asked = ["1", "2"].map((key) => setting.ask(key));
  setting.sent[0]?.answer();
  await settle();
  const same = setting.ask("2");
  setting.sent[1]?.give("too_large");
  await settle();
  setting.turn();
  assertEquals(setting.sent[2]?.keys, ["1"]);
  setting.sent[2]?.answer();
  await settle();
  setting.turn();
  assertEquals(setting.sent[3]?.keys, ["2"]);
  same.scope.end("client_closed");
  assertEquals(setting.sent[3]?.scope.ended, undefined, "another still waits");
  asked[1]?.scope.end("client_closed");
  assertEquals(setting.sent[3]?.scope.ended, "client_closed");
});

Deno.test("ReadLane asks for as many at once as have a megabyte together", async () => {
  const setting = new Setting();
  const settle = () => new Promise((resolve) => setTimeout(resolve));
  setting.ask("first");
  for (let key = 0; key < 20; key++) setting.ask(String(key));
  setting.sent[0]?.answer();
  await settle();
  for (const size of [4_000_000, 900_000, 1_200_000, 0]) {
    setting.sent.at(-1)?.answer(size);
    await settle();
    const before = setting.sent.length;
    for (let key = 0; setting.sent.length === before; key++) setting.ask(String(key));
  }
  assertEquals(setting.sent.slice(1).map(({ keys }) => keys.length), [20, 5, 6, 5, 6]);
});
