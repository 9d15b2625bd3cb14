import { assertEquals } from "@std/assert";
import { parsePosition } from "../../src/routing/gtid_position.ts";
import { type Floor, ReplicaProgress } from "../../src/routing/replica_progress.ts";
import type { NodeState } from "../../src/routing/topology.ts";
import { TopologyView } from "../../src/routing/topology_view.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { shardOf, stateOf } from "./fixtures.ts";

function floor(text: string, epoch = "1"): Floor {
  const position = parsePosition(text);
  if (position === undefined) throw new Error(`not a position: ${text}`);
  return { shard: "s1", epoch, text, position };
}

function setUp() {
  const view = new TopologyView({ shards: [shardOf(["a", "b"])], clock: new ManualClock() });
  const progress = new ReplicaProgress({ view });
  const see = (position: string | undefined, change: Parameters<typeof stateOf>[1] = {}) => {
    const state = stateOf(["a", "b"], { at: 1, ...change });
    const nodes = state.nodes.map((node): NodeState =>
      node.name === "b" ? { ...node, position } : node
    );
    view.apply({ at: 1, shards: [{ ...state, nodes }] });
  };
  const note = (text: string, epoch?: string) => {
    const at = floor(text, epoch);
    progress.note("b", { floor: at, position: at.position });
  };
  return { view, see, note, reached: (at: Floor) => progress.reached("b", at) };
}

Deno.test("ReplicaProgress knows the furthest of what looks and waits have found", () => {
  const { see, note, reached } = setUp();
  assertEquals(reached(floor("0-1-5")), false);
  see("0-1-5");
  assertEquals(reached(floor("0-1-5")), true);
  assertEquals(reached(floor("0-1-6")), false);
  note("0-1-9");
  see("0-1-7");
  assertEquals(reached(floor("0-1-9")), true);
  assertEquals(reached(floor("0-1-10")), false);
});

Deno.test("ReplicaProgress adds up MySQL's sets, and fills no hole in them", () => {
  const uuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
  const { see, note, reached } = setUp();
  see(`${uuid}:1-5:8`);
  assertEquals(reached(floor(`${uuid}:8`)), true);
  assertEquals(reached(floor(`${uuid}:5-8`)), false);
  note(`${uuid}:6`);
  assertEquals(reached(floor(`${uuid}:7`)), false);
  see(`${uuid}:1-5:7-8`);
  assertEquals(reached(floor(`${uuid}:1-8`)), true);
  assertEquals(reached(floor("0-1-5")), false);
});

Deno.test("ReplicaProgress believes the newer of two when a replica changes its form", () => {
  const { see, reached } = setUp();
  see("3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5");
  see("0-1-5");
  assertEquals(reached(floor("0-1-5")), true);
  assertEquals(reached(floor("3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5")), false);
});

Deno.test("ReplicaProgress forgets a replica when it is out, for it may come back with less", () => {
  const { view, see, reached } = setUp();
  see("0-1-9");
  view.suspect("b", "it hung up");
  assertEquals(reached(floor("0-1-5")), false);
  see("0-1-4", { at: Number.MAX_SAFE_INTEGER });
  assertEquals([reached(floor("0-1-4")), reached(floor("0-1-5"))], [true, false]);
});

Deno.test("ReplicaProgress forgets what it knows when the epoch changes, and mixes no two", () => {
  const { see, note, reached } = setUp();
  see("0-1-9");
  assertEquals(reached(floor("0-1-9", "2")), false);
  see(undefined, { epoch: "2" });
  assertEquals(reached(floor("0-1-9", "2")), false);
  assertEquals(reached(floor("0-1-9", "1")), false);
  note("0-1-9", "1");
  assertEquals(reached(floor("0-1-9", "2")), false);
  note("0-2-9", "2");
  assertEquals(reached(floor("0-2-9", "2")), true);
});
