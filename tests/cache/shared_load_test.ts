import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { Era } from "../../src/cache/era.ts";
import type { Loaded, SharedLoad } from "../../src/cache/shared_load.ts";
import { type Scope, type ScopeEnd, ScopeWatch } from "../../src/core/scope.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { makeLoad } from "./cache_fixture.ts";

const ANSWER: Loaded = { body: "{}", etag: '"1"', shard: "s1", source: "primary" };

class Ended extends Error {}

const ended = (end: ScopeEnd) => new Ended(end);

/** A query that ends when the test says so, and some time after its scope, as real ones do. */
class Query {
  readonly #answer = Promise.withResolvers<Loaded>();
  stopped: ScopeEnd | undefined;

  readonly run = (scope: Scope): Promise<Loaded> => {
    scope.onEnd((end) => this.stopped = end);
    return this.#answer.promise;
  };

  answer(): void {
    this.#answer.resolve(ANSWER);
  }

  fail(error: Error): void {
    this.#answer.reject(error);
  }
}

function begin(): {
  readonly load: SharedLoad;
  readonly query: Query;
  readonly watch: ScopeWatch;
  readonly caller: () => Scope;
} {
  const watch = new ScopeWatch({ clock: new ManualClock() });
  const [load, query] = [makeLoad(watch), new Query()];
  load.start(query.run);
  return { load, query, watch, caller: () => watch.open({ timeoutMs: 10_000 }) };
}

Deno.test("SharedLoad gives all callers the same answer", async () => {
  const { load, query, watch, caller } = begin();
  const callers = [caller(), caller()];
  const waits = callers.map((scope) => load.wait(scope, ended));
  query.answer();
  for (const answer of await Promise.all(waits)) assertStrictEquals(answer, ANSWER);
  for (const scope of callers) scope.close();
  assertEquals(watch.size, 0);
});

Deno.test("SharedLoad gives all callers the query's error", async () => {
  const { load, query, caller } = begin();
  const waits = [load.wait(caller(), ended), load.wait(caller(), ended)];
  query.fail(new RangeError("too many"));
  for (const wait of waits) await assertRejects(() => wait, RangeError, "too many");
});

Deno.test("SharedLoad goes on for the others when a caller leaves", async () => {
  const { load, query, caller } = begin();
  const [leaves, stays] = [caller(), caller()];
  const left = load.wait(leaves, ended);
  const answered = load.wait(stays, ended);
  leaves.end("client_closed");
  await assertRejects(() => left, Ended, "client_closed");
  assertEquals(query.stopped, undefined);
  query.answer();
  assertStrictEquals(await answered, ANSWER);
});

Deno.test("SharedLoad is stopped when its last caller leaves", async () => {
  const { load, query, caller } = begin();
  const callers = [caller(), caller()];
  const waits = callers.map((scope) => load.wait(scope, ended));
  for (const scope of callers) scope.end("client_closed");
  for (const wait of waits) await assertRejects(() => wait, Ended);
  assertEquals(query.stopped, "client_closed");
});

Deno.test("SharedLoad is not current when its last caller has left, so that nobody joins it", async () => {
  const { load, query, caller } = begin();
  const scope = caller();
  const left = assertRejects(() => load.wait(scope, ended), Ended);
  assertEquals(load.current, true);
  scope.end("client_closed");
  await left;
  assertEquals([query.stopped, load.current], ["client_closed", false]);
});

Deno.test("SharedLoad is not current when its own time is over", async () => {
  const clock = new ManualClock();
  const watch = new ScopeWatch({ clock, tickMs: 100 });
  const [load, query] = [makeLoad(watch), new Query()];
  load.start(query.run);
  const wait = load.wait(watch.open({ timeoutMs: 100_000 }), ended);
  clock.advance(60_100);
  assertEquals([query.stopped, load.current], ["deadline_exceeded", false]);
  query.fail(new RangeError("stopped"));
  await assertRejects(() => wait, RangeError);
  watch.close();
});

Deno.test("SharedLoad goes on without callers when it is kept", async () => {
  const { load, query, caller } = begin();
  load.keep();
  const scope = caller();
  const wait = load.wait(scope, ended);
  scope.end("deadline_exceeded");
  await assertRejects(() => wait, Ended, "deadline_exceeded");
  assertEquals([query.stopped, load.current], [undefined, true]);
});

Deno.test("SharedLoad refuses a caller whose scope has ended", async () => {
  const { load, query, caller } = begin();
  const [late, stays] = [caller(), caller()];
  const answered = load.wait(stays, ended);
  late.end("client_closed");
  await assertRejects(() => load.wait(late, ended), Ended);
  assertEquals(query.stopped, undefined);
  query.answer();
  await answered;
});

Deno.test("SharedLoad is not current when it is overtaken or its era is over", () => {
  const watch = new ScopeWatch({ clock: new ManualClock() });
  const era = new Era();
  const [one, two] = [makeLoad(watch, { era }), makeLoad(watch, { era })];
  one.overtake();
  assertEquals([one.current, two.current], [false, true]);
  era.end();
  assertEquals(two.current, false);
});
