import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { RealmgateError } from "../../src/core/errors.ts";
import { ScopeWatch } from "../../src/core/scope.ts";
import { type Suspicion, TopologyView } from "../../src/routing/topology_view.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { shardOf, stateOf } from "./fixtures.ts";

function setUp(options: { readonly maxWaiters?: number } = {}) {
  const clock = new ManualClock();
  const watch = new ScopeWatch({ clock });
  const suspicions: Suspicion[] = [];
  const view = new TopologyView({
    shards: [shardOf(["a", "b"])],
    clock,
    onSuspect: (suspicion) => suspicions.push(suspicion),
    ...options,
  });
  const scope = watch.open({ timeoutMs: 60_000 });
  return { clock, watch, view, scope, suspicions };
}

function code(run: () => unknown): string {
  return assertThrows(run, RealmgateError).code;
}

Deno.test("TopologyView refuses writes when nothing, no primary or two primaries are known", () => {
  const { view } = setUp();
  assertEquals(view.shard("s1").status, "unknown");
  assertEquals(code(() => view.primaryFor("s1")), "no_primary");
  const none = stateOf(["a", "b"], { primary: null, status: "no_primary", why: "nobody" });
  view.apply({ at: 1, shards: [none] });
  const error = assertThrows(() => view.primaryFor("s1"), RealmgateError, "shard s1: nobody");
  assertEquals([error.retry, error.outcome, error.retryAfterMs], ["later", "not_applied", 1_000]);
  view.apply({ at: 2, shards: [{ ...none, status: "split_brain" }] });
  assertEquals(code(() => view.primaryFor("s1")), "split_brain");
  view.apply({ at: 3, shards: [stateOf(["a", "b"])] });
  assertEquals(view.primaryFor("s1"), "a");
  assertThrows(() => view.primaryFor("s9"), TypeError, 'received "s9"');
});

Deno.test("TopologyView takes a suspected node out until a look that began later", () => {
  const { view, clock, suspicions } = setUp();
  view.apply({ at: 0, shards: [stateOf(["a", "b"], { at: clock.wallMs() })] });
  clock.advance(500);
  view.suspect("a", "it hung up");
  view.suspect("a", "again");
  view.suspect("nobody", "?");
  assertEquals(suspicions, [{ node: "a", shard: "s1", why: "it hung up" }]);
  assertEquals(code(() => view.primaryFor("s1")), "no_primary");
  assertStringIncludes(view.shard("s1").nodes[0]?.ejected ?? "", "it hung up");
  assertEquals(view.snapshot().shards[0]?.status, "no_primary");
  view.apply({ at: 0, shards: [stateOf(["a", "b"], { at: clock.wallMs() - 1 })] });
  assertEquals(code(() => view.primaryFor("s1")), "no_primary");
  view.apply({ at: 0, shards: [stateOf(["a", "b"], { at: clock.wallMs() })] });
  assertEquals(view.primaryFor("s1"), "a");
});

Deno.test("TopologyView drops a suspicion when the clock was set back", () => {
  const { view, clock } = setUp();
  view.apply({ at: 0, shards: [stateOf(["a", "b"])] });
  view.suspect("b", "slow");
  clock.wallMs = () => 5;
  view.apply({ at: 0, shards: [stateOf(["a", "b"], { at: 4 })] });
  assertEquals(view.shard("s1").nodes[1]?.ejected, undefined);
});

Deno.test("TopologyView lets writes wait when there is no primary yet", async () => {
  const { view, scope, clock } = setUp();
  const waiting = [view.waitForPrimary("s1", { scope }), view.waitForPrimary("s1", { scope })];
  view.apply({ at: 1, shards: [stateOf(["a", "b"], { primary: null, status: "no_primary" })] });
  view.apply({ at: 2, shards: [stateOf(["a", "b"], { primary: "b" })] });
  assertEquals(await Promise.all(waiting), ["b", "b"]);
  assertEquals(await view.waitForPrimary("s1", { scope }), "b");
  // Only the watch's own timer is left.
  assertEquals(clock.pending, 1);
});

Deno.test("TopologyView ends a wait when its time, its scope or the room for it is over", async () => {
  const { view, watch, scope, clock } = setUp({ maxWaiters: 2 });
  const late = view.waitForPrimary("s1", { scope, maxWaitMs: 10_000 });
  const own = watch.open({ timeoutMs: 60_000 });
  const gone = view.waitForPrimary("s1", { scope: own });
  const full = await assertRejects(() => view.waitForPrimary("s1", { scope }), RealmgateError);
  assertEquals(full.code, "no_primary");
  own.end("client_closed");
  assertEquals((await assertRejects(() => gone, RealmgateError)).code, "client_closed_request");
  clock.advance(10_000);
  assertEquals((await assertRejects(() => late, RealmgateError)).code, "no_primary");
  const ended = await assertRejects(
    () => view.waitForPrimary("s1", { scope: own }),
    RealmgateError,
  );
  assertEquals(ended.code, "client_closed_request");
  assertEquals(clock.pending, 1);
});

Deno.test("TopologyView does not wait when two nodes are writable", async () => {
  const { view, scope } = setUp();
  view.apply({ at: 1, shards: [stateOf(["a", "b"], { primary: null, status: "split_brain" })] });
  const error = await assertRejects(() => view.waitForPrimary("s1", { scope }), RealmgateError);
  assertEquals(error.code, "split_brain");
});
