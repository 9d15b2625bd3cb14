import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { decidePrimacy, NO_PRIMACY, type Primacy } from "../../src/routing/primacy.ts";
import type { Drains, ShardState } from "../../src/routing/topology.ts";
import {
  type Observation,
  type Observations,
  shardState,
  writableNodes,
} from "../../src/routing/topology_state.ts";
import { shardOf } from "./fixtures.ts";

type Seen = Partial<Observation>;

const PRIMARY: Seen = { writable: true, applying: false, heartbeat: 9_000_000 };
const REPLICA: Seen = { writable: false, applying: true, heartbeat: 9_000_000 };
const DOWN: Seen = { up: false, writable: undefined, trouble: "it cannot be reached" };

function observe(seen: Readonly<Record<string, Seen>>): Observations {
  return new Map(
    Object.entries(seen).map(([node, one]): [string, Observation] => [node, {
      node,
      beganAt: 0,
      endedAt: 1,
      wallMs: 0,
      up: true,
      trouble: undefined,
      refused: false,
      writable: undefined,
      applying: undefined,
      heartbeat: undefined,
      position: undefined,
      committed: undefined,
      semiSync: true,
      version: "10.11",
      connections: undefined,
      ...one,
    }]),
  );
}

function judge(
  seen: Readonly<Record<string, Seen>>,
  options: {
    readonly role?: "auto" | "fixed";
    readonly primacy?: Partial<Primacy>;
    readonly drains?: Drains;
  } = {},
): ShardState {
  const spec = shardOf(["a", "b"], options.role);
  const observations = observe(seen);
  const writable = writableNodes(spec, observations);
  const primacy = { ...NO_PRIMACY, primary: "a", epoch: 7, ...options.primacy };
  const { drains = new Map() } = options;
  return shardState(spec, { observations, writable, primacy, drains, maxLagMs: 5_000 });
}

function ejected(state: ShardState): (string | undefined)[] {
  return state.nodes.map(({ ejected }) => ejected);
}

Deno.test("shardState names the primary when it alone is writable", () => {
  const state = judge({ a: PRIMARY, b: REPLICA });
  assertEquals([state.status, state.primary, state.epoch, state.why], ["ok", "a", "7", undefined]);
  assertEquals(state.nodes.map(({ role }) => role), ["primary", "replica"]);
  assertEquals(state.nodes.map(({ semiSync }) => semiSync), [true, undefined]);
  assertEquals(ejected(state), [undefined, undefined]);
});

Deno.test("shardState tells what the primary committed and what a replica applied", () => {
  const at = { position: "0-1-7", committed: "0-1-9" };
  const positions = (state: ShardState) => state.nodes.map(({ position }) => position);
  assertEquals(positions(judge({ a: { ...PRIMARY, ...at }, b: { ...REPLICA, ...at } })), [
    "0-1-9",
    "0-1-7",
  ]);
  // Of nodes that are neither nothing is told: what they have may be in nobody else's past.
  assertEquals(positions(judge({ a: { ...PRIMARY, ...at }, b: { ...PRIMARY, ...at } })), [
    undefined,
    undefined,
  ]);
  const fixed = { role: "fixed" } as const;
  assertEquals(positions(judge({ a: { ...REPLICA, ...at }, b: { ...PRIMARY, ...at } }, fixed)), [
    "0-1-9",
    "0-1-7",
  ]);
});

Deno.test("shardState refuses writes when no node, two nodes or another node is writable", () => {
  assertEquals(judge({ a: PRIMARY }).status, "unknown");
  assertEquals(judge({ a: DOWN, b: REPLICA }).status, "no_primary");
  const both = judge({ a: PRIMARY, b: PRIMARY });
  assertEquals([both.status, both.primary], ["split_brain", null]);
  assertEquals(both.why, "a and b are writable at once");
  const other = judge({ a: DOWN, b: PRIMARY });
  assertEquals([other.status, other.primary], ["no_primary", null]);
  assertEquals(ejected(other)[1], "writable, but not the primary");
});

Deno.test("writableNodes leaves the older look out when two looks did not overlap", () => {
  const spec = shardOf(["a", "b"]);
  const late = { beganAt: 1_000, endedAt: 1_001 };
  assertEquals(writableNodes(spec, observe({ a: PRIMARY, b: { ...PRIMARY, ...late } })), ["b"]);
  const slow = { ...PRIMARY, endedAt: 1_000 };
  assertEquals(writableNodes(spec, observe({ a: slow, b: { ...PRIMARY, ...late } })), ["a", "b"]);
  assertEquals(writableNodes(spec, observe({ a: DOWN, b: REPLICA })), []);
});

Deno.test("writableNodes keeps two that were writable at once when only one was looked at again", () => {
  const spec = shardOf(["a", "b"]);
  const late = { beganAt: 1_000, endedAt: 1_001 };
  const again = observe({ a: { ...PRIMARY, ...late }, b: PRIMARY });
  assertEquals(writableNodes(spec, again, ["a", "b"]), ["a", "b"]);
  assertEquals(writableNodes(spec, again, ["b"]), ["a"]);
  const over = observe({ a: { ...PRIMARY, ...late }, b: { ...REPLICA, ...late } });
  assertEquals(writableNodes(spec, over, ["a", "b"]), ["a"]);
});

Deno.test("shardState takes replicas out when they are down, still or behind", () => {
  const out = (seen: Seen) => ejected(judge({ a: PRIMARY, b: { ...REPLICA, ...seen } }))[1];
  assertEquals(out(DOWN), "it cannot be reached");
  assertEquals(out({ applying: false }), "not replicating");
  assertEquals(out({ applying: undefined }), undefined);
  assertEquals(out({ heartbeat: undefined }), "its lag is unknown");
  assertEquals(out({ heartbeat: undefined, trouble: "no table" }), "no table");
  assertEquals(out({ heartbeat: 4_000_000 }), undefined);
  assertEquals(out({ heartbeat: 3_999_000 }), "5001 ms behind, more than 5000");
  assertEquals(judge({ a: PRIMARY, b: REPLICA }).nodes[1]?.lagMs, 0);
});

Deno.test("shardState takes a drained replica out, and leaves a drained primary in", () => {
  const drain = { by: "an operator", at: Date.UTC(2026, 10, 26) };
  const why = "drained by an operator at 2026-11-26T00:00:00.000Z";
  const drains = new Map([["a", drain], ["b", drain]]);
  const state = judge({ a: PRIMARY, b: REPLICA }, { drains });
  assertEquals([state.status, state.primary], ["ok", "a"]);
  assertEquals(ejected(state), [undefined, why]);
  assertEquals(state.nodes.map(({ drained }) => drained), [drain, drain]);
  assertEquals(ejected(judge({ a: PRIMARY, b: DOWN }, { drains })), [undefined, why]);
});

Deno.test("shardState measures lag by the primary's clock when another clock is ahead", () => {
  const state = judge({ a: PRIMARY, b: { ...REPLICA, heartbeat: 99_000_000 } });
  assertEquals([state.nodes[1]?.lagMs, ejected(state)[1]], [0, undefined]);
});

Deno.test("shardState keeps measuring by the primary's last row when the primary is down", () => {
  const down = { ...DOWN, heartbeat: 9_000_000 };
  assertEquals(ejected(judge({ a: down, b: REPLICA }))[1], undefined);
  const behind = { ...REPLICA, heartbeat: 1_000_000 };
  assertEquals(ejected(judge({ a: down, b: behind }))[1], "8000 ms behind, more than 5000");
  // Nobody has seen the primary's rows: the newest that is known must do.
  assertEquals(ejected(judge({ a: DOWN, b: behind }))[1], undefined);
});

Deno.test("shardState follows the first node, whatever it says, when roles are fixed", () => {
  const fixed = { role: "fixed" } as const;
  const hidden = { writable: true, applying: undefined, heartbeat: 9_000_000 };
  const state = judge({ a: REPLICA, b: hidden }, fixed);
  assertEquals([state.status, state.primary], ["ok", "a"]);
  assertEquals(ejected(state), [undefined, undefined]);
  assertEquals(judge({ a: DOWN, b: hidden }, fixed).status, "no_primary");
});

Deno.test("shardState never names two primaries in one epoch when probers see different nodes", () => {
  const nodes = ["a", "b"];
  const look = fc.record({
    prober: fc.nat(1),
    pass: fc.integer({ min: 0, max: 1_500 }),
    seen: fc.record({
      a: fc.constantFrom(PRIMARY, REPLICA, DOWN),
      b: fc.constantFrom(PRIMARY, REPLICA, DOWN),
    }),
  });
  const statuses = new Set<string>();
  fc.assert(
    fc.property(fc.array(look, { maxLength: 80 }), (looks) => {
      let [now, primacy] = [0, NO_PRIMACY];
      const named = new Map<string, string>();
      const spec = shardOf(nodes);
      for (const { pass, seen } of looks) {
        now += pass;
        const observations = observe(seen);
        const writable = writableNodes(spec, observations);
        primacy = decidePrimacy(primacy, { writable, now, wallMs: 1e12 + now });
        const known = { observations, writable, primacy, drains: new Map() };
        const state = shardState(spec, { ...known, maxLagMs: 5_000 });
        statuses.add(state.status);
        assertEquals(state.primary !== null, state.status === "ok");
        assertEquals(state.why === undefined, state.status === "ok");
        for (const node of state.nodes) {
          if (node.role === "replica" && node.ejected === undefined) assert(node.up);
          if (node.role === "primary") assertEquals(node.name, state.primary);
        }
        if (state.primary === null) continue;
        assertEquals(writable, [state.primary]);
        assertEquals(named.get(state.epoch) ?? state.primary, state.primary);
        named.set(state.epoch, state.primary);
      }
    }),
    { numRuns: 500 },
  );
  assertEquals([...statuses].sort(), ["no_primary", "ok", "split_brain"]);
});
