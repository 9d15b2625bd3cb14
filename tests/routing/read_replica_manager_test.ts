import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { RealmgateError } from "../../src/core/errors.ts";
import { ReadReplicaManager } from "../../src/routing/read_replica_manager.ts";
import { TopologyView } from "../../src/routing/topology_view.ts";
import { weightedRotation } from "../../src/routing/weighted_rotation.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { shardOf, stateOf } from "./fixtures.ts";

function setUp(weights: Readonly<Record<string, number>>, fallbackToPrimary = true) {
  const shards = [shardOf(weights)];
  const clock = new ManualClock();
  const view = new TopologyView({ shards, clock });
  const replicas = new ReadReplicaManager({ shards, view, fallbackToPrimary });
  const names = Object.keys(weights);
  const apply = (change: Parameters<typeof stateOf>[1] = {}) =>
    view.apply({ at: 1, shards: [stateOf(names, { at: clock.wallMs(), ...change })] });
  const picks = (count: number, options?: { readonly except: string }) =>
    Array.from({ length: count }, () => replicas.pick("s1", options)).join("");
  return { clock, view, replicas, apply, picks };
}

function unavailable(run: () => unknown): void {
  assertEquals(assertThrows(run, RealmgateError).code, "shard_unavailable");
}

Deno.test("ReadReplicaManager takes replicas in turn when all are healthy", () => {
  const { apply, picks } = setUp({ a: 1, b: 2, c: 1, d: 0 });
  apply();
  assertEquals(picks(8), "bcbbcbbcb".slice(0, 8));
});

Deno.test("ReadReplicaManager keeps its place when a snapshot changes nothing", () => {
  const { apply, picks } = setUp({ a: 1, b: 1, c: 1 });
  apply();
  assertEquals(picks(1), "b");
  apply();
  assertEquals(picks(1), "c");
});

Deno.test("ReadReplicaManager leaves a replica out at once when it is suspected", () => {
  const { view, apply, picks, clock } = setUp({ a: 1, b: 1, c: 1 });
  apply();
  view.suspect("b", "it hung up");
  assertEquals(picks(3), "ccc");
  clock.advance(1);
  apply();
  assertEquals([...picks(4)].sort().join(""), "bbcc");
});

Deno.test("ReadReplicaManager picks another node when a retry excepts the first", () => {
  const { apply, picks, replicas } = setUp({ a: 1, b: 1, c: 1 });
  apply();
  assertEquals(picks(4, { except: "b" }), "cccc");
  apply({ out: ["c"] });
  assertEquals(picks(2, { except: "b" }), "aa");
  apply({ out: ["b", "c"] });
  unavailable(() => replicas.pick("s1", { except: "a" }));
});

Deno.test("ReadReplicaManager goes to the primary when no replica may read and the policy agrees", () => {
  const open = setUp({ a: 1, b: 1 });
  open.apply({ out: ["b"] });
  assertEquals(open.picks(2), "aa");
  open.apply({ out: ["b"], primary: null, status: "no_primary" });
  const strict = setUp({ a: 1, b: 1 }, false);
  strict.apply({ out: ["b"] });
  unavailable(() => strict.replicas.pick("s1"));
});

Deno.test("ReadReplicaManager reads from replicas when there is no primary", () => {
  const { apply, picks, replicas } = setUp({ a: 1, b: 1 });
  apply({ out: ["a"], primary: null, status: "no_primary" });
  assertEquals(picks(2), "bb");
  apply({ out: ["a", "b"], primary: null, status: "no_primary" });
  unavailable(() => replicas.pick("s1"));
});

Deno.test("ReadReplicaManager reads from the primary when the shard has no other node", () => {
  const { apply, picks, replicas } = setUp({ a: 1 }, false);
  unavailable(() => replicas.pick("s1"));
  apply();
  assertEquals(picks(2), "aa");
});

Deno.test("ReadReplicaManager tells who reads when one node is left out of account", () => {
  const readers = (weights: Record<string, number>, fallback: boolean, out: string[] = []) => {
    const { apply, replicas } = setUp(weights, fallback);
    apply({ out });
    return replicas.readersOf("s1", { except: "b" });
  };
  assertEquals(readers({ a: 1, b: 1, c: 1 }, false), "replicas");
  assertEquals(readers({ a: 1, b: 1, c: 1 }, false, ["c"]), "nobody");
  assertEquals(readers({ a: 1, b: 1, c: 0 }, true), "primary");
  assertEquals(readers({ a: 1 }, false), "primary");
});

Deno.test("weightedRotation gives every name its share and spreads it when weights differ", () => {
  const weights = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 6 });
  fc.assert(fc.property(weights, (weights) => {
    const named = new Map(weights.map((weight, n) => [`n${n}`, weight]));
    const round = weightedRotation(named);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (const [name, weight] of named) {
      const turns = round.flatMap((turn, at) => turn === name ? [at] : []);
      assertEquals(turns.length / round.length, weight / total);
      // After any part of the round a name is less than one turn per name off its share.
      let had = 0;
      round.forEach((turn, at) => {
        if (turn === name) had++;
        const off = Math.abs(had - (at + 1) * weight / total);
        assertEquals(off < weights.length, true, `${round}`);
      });
    }
  }));
  assertEquals(weightedRotation(new Map()), []);
});
