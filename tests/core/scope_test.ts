import { assertEquals } from "@std/assert";
import { ScopeWatch } from "../../src/core/scope.ts";
import { ManualClock } from "../support/manual_clock.ts";

Deno.test("Scope ends with deadline_exceeded at the first tick past its deadline", () => {
  const clock = new ManualClock();
  const watch = new ScopeWatch({ clock });
  const scope = watch.open({ timeoutMs: 25 });
  const ends: string[] = [];
  scope.onEnd((end) => ends.push(end));
  clock.advance(20);
  assertEquals(scope.ended, undefined);
  clock.advance(10);
  assertEquals([scope.ended, ends, watch.size], ["deadline_exceeded", ["deadline_exceeded"], 0]);
});

Deno.test("Scope asks for its signal only once the work has lasted 50 ms", () => {
  const clock = new ManualClock();
  const watch = new ScopeWatch({ clock });
  const client = new AbortController();
  let asked = 0;
  const signal = () => {
    asked++;
    return client.signal;
  };
  watch.open({ timeoutMs: 1_000, signal }).close();
  clock.advance(100);
  assertEquals(asked, 0);
  const slow = watch.open({ timeoutMs: 1_000, signal });
  clock.advance(40);
  assertEquals(asked, 0);
  clock.advance(20);
  assertEquals(asked, 1);
  client.abort();
  assertEquals(slow.ended, "client_closed");
});

Deno.test("Scope does not end once it was closed", () => {
  const clock = new ManualClock();
  const watch = new ScopeWatch({ clock });
  const client = new AbortController();
  const scope = watch.open({ timeoutMs: 100, signal: () => client.signal });
  const ends: string[] = [];
  scope.onEnd((end) => ends.push(end));
  clock.advance(60);
  scope.close();
  scope.close();
  client.abort();
  clock.advance(1_000);
  assertEquals([scope.ended, ends], [undefined, []]);
});

Deno.test("Scope calls no callback that was taken back, and a late one at once", () => {
  const clock = new ManualClock();
  const watch = new ScopeWatch({ clock });
  const scope = watch.open({ timeoutMs: 100 });
  const calls: string[] = [];
  const first = () => calls.push("first");
  scope.onEnd(first);
  scope.onEnd(() => calls.push("second"));
  scope.offEnd(first);
  watch.endAll("shutting_down");
  scope.end("client_closed");
  scope.onEnd((end) => calls.push(`late ${end}`));
  assertEquals(calls, ["second", "late shutting_down"]);
});

Deno.test("ScopeWatch looks at its scopes with one timer", () => {
  const clock = new ManualClock();
  const watch = new ScopeWatch({ clock });
  for (let n = 0; n < 100; n++) watch.open({ timeoutMs: 1_000 });
  assertEquals(clock.pending, 1);
  watch.close();
  assertEquals(clock.pending, 0);
});
