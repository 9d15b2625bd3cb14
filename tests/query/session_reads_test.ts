import { assertEquals } from "@std/assert";
import { systemClock } from "../../src/core/clock.ts";
import { type Scope, ScopeWatch } from "../../src/core/scope.ts";
import { SessionReads } from "../../src/query/session_reads.ts";
import { parseTokens, type SessionToken } from "../../src/query/session_token.ts";
import type { Floor } from "../../src/routing/replica_progress.ts";
import { ReadReplicaManager } from "../../src/routing/read_replica_manager.ts";
import type { NodeState, ShardState } from "../../src/routing/topology.ts";
import { TopologyView } from "../../src/routing/topology_view.ts";
import { shardOf, stateOf } from "../routing/fixtures.ts";

const NODES = ["a", "b", "c"];

function setUp() {
  const shards = [shardOf(NODES)];
  const view = new TopologyView({ shards, clock: systemClock });
  const replicas = new ReadReplicaManager({ shards, view, fallbackToPrimary: true });
  const reads = new SessionReads({ view, replicas, clock: systemClock });
  const apply = (
    nodes: Readonly<Record<string, Partial<NodeState>>>,
    change: Partial<ShardState> = {},
  ) => {
    const state = stateOf(NODES, { at: Date.now(), epoch: "7", ...change });
    const merged = state.nodes.map((node) => ({ ...node, ...nodes[node.name] }));
    view.apply({ at: 1, shards: [{ ...state, nodes: merged }] });
  };
  const floorOf = (text: string): Floor => {
    const need = reads.need("s1", token(text));
    if (need === undefined || need === "primary") throw new Error(`no floor: ${need}`);
    return need;
  };
  const picks = (text: string, options: { readonly except?: string } = {}) => {
    const deadlineAt = systemClock.now() + 1_000;
    const floor = floorOf(text);
    return Array.from({ length: 4 }, () => reads.pick(floor, { ...options, deadlineAt }) ?? "-")
      .join("");
  };
  return { reads, apply, floorOf, picks };
}

function token(text: string): SessionToken {
  const parsed = parseTokens(btoa(text).replaceAll("=", ""));
  if (parsed === undefined) throw new Error(`not a token: ${text}`);
  return parsed;
}

async function withScope(test: (scope: Scope) => Promise<void>): Promise<void> {
  const watch = new ScopeWatch({ clock: systemClock });
  const scope = watch.open({ timeoutMs: 10_000 });
  // The clock's timers keep no process alive.
  const alive = setInterval(() => {}, 1_000);
  try {
    await test(scope);
  } finally {
    clearInterval(alive);
    scope.close();
    watch.close();
  }
}

Deno.test("SessionReads picks among the replicas that are there, else among those that may get there", () => {
  const { apply, picks } = setUp();
  apply({ b: { position: "0-1-9" }, c: { position: "0-1-5" } });
  assertEquals(picks("1;s1:7:0-1-9"), "bbbb");
  assertEquals([...picks("1;s1:7:0-1-4")].sort().join(""), "bbcc");
  assertEquals([...picks("1;s1:7:0-1-10")].sort().join(""), "bbcc");
  assertEquals(picks("1;s1:7:0-1-9", { except: "b" }), "cccc");
});

Deno.test("SessionReads picks among MySQL's replicas too, by what each has of a set", () => {
  const uuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
  const { apply, picks } = setUp();
  apply({ b: { position: `${uuid}:1-9` }, c: { position: `${uuid}:1-7:9` } });
  assertEquals([...picks(`1;s1:7:${uuid}:9`)].sort().join(""), "bbcc");
  assertEquals(picks(`1;s1:7:${uuid}:8-9`), "bbbb");
  // Of a position in the other form a replica has nothing, whatever its numbers are.
  apply({ b: { position: "0-1-100", lagMs: 3_000 }, c: { lagMs: 3_000 } });
  assertEquals(picks(`1;s1:7:${uuid}:8`), "----");
});

Deno.test("SessionReads waits at no replica that is far behind, nor where there is no time for it", () => {
  const { reads, apply, picks, floorOf } = setUp();
  apply({ b: { lagMs: 3_000, position: "0-1-9" }, c: { lagMs: undefined } });
  assertEquals(picks("1;s1:7:0-1-10"), "----");
  assertEquals(picks("1;s1:7:0-1-9"), "bbbb", "it is there, however far behind the others");
  apply({});
  const floor = floorOf("1;s1:7:0-1-10");
  assertEquals(reads.pick(floor, { deadlineAt: systemClock.now() + 1 }), undefined);
});

Deno.test("SessionReads waits with four reads at a replica at most", async () => {
  const { reads, apply, picks } = setUp();
  apply({}, { primary: "a" });
  let finish = () => {};
  const done = new Promise<void>((resolve) => finish = resolve);
  const places = Array.from({ length: 4 }, () => reads.inPlace("b", () => done));
  assertEquals(picks("1;s1:7:0-1-10"), "cccc");
  finish();
  await Promise.all(places);
  assertEquals([...picks("1;s1:7:0-1-10")].sort().join(""), "bbcc");
});

Deno.test("SessionReads needs the primary for another epoch, an unknown position and a dropped entry", () => {
  const { reads, apply } = setUp();
  apply({});
  const need = (text: string) => reads.need("s1", token(text));
  assertEquals(need("1;s1:6:0-1-9"), "primary");
  assertEquals(need("1;s1:8:0-1-9"), "primary");
  assertEquals(need("1;s1:7:"), "primary");
  assertEquals(need("1!;s2:7:0-1-9"), "primary");
  assertEquals(need("1;s2:7:0-1-9"), undefined);
});

Deno.test("SessionReads waits until the shard's epoch here is the token's, not for an older one", async () => {
  const { reads, apply } = setUp();
  apply({});
  await withScope(async (scope) => {
    const old = token("1;s1:6:0-1-9");
    assertEquals(await reads.settledNeed("s1", { token: old, scope }), "primary");
    let settled = false;
    const newer = reads.settledNeed("s1", { token: token("1;s1:8:0-2-9"), scope })
      .finally(() => settled = true);
    apply({}, { primary: "b" });
    await new Promise((resolve) => systemClock.after(0, () => resolve(undefined)));
    assertEquals(settled, false);
    apply({}, { primary: "b", epoch: "8" });
    const need = await newer;
    assertEquals(need !== "primary" && need?.text, "0-2-9");
  });
});
