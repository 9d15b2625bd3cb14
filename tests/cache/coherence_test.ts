import { assertEquals } from "@std/assert";
import type { CacheEvent, CacheMessage, Intent } from "../../src/cache/cache_event.ts";
import { Coherence, LEASE_MS } from "../../src/cache/coherence.ts";
import type { Renewal } from "../../src/cache/renewal.ts";

/** A coherence whose effects are written down, in words. */
function makeCoherence() {
  const effects: string[] = [];
  const coherence = new Coherence({
    drop: (tags) => effects.push(`drop ${tags}`),
    dropAll: () => effects.push("drop all"),
    written: (tags, place) => effects.push(`written ${tags} ${place?.position}`),
    forget: () => effects.push("forget"),
  });
  return { coherence, effects, told: () => effects.splice(0) };
}

function intent(id: string, ...tags: string[]): Intent {
  return { kind: "intent", id, tags, shard: "s1", node: "n1", connection: 7, limitMs: 1_000 };
}

function done(id: string, ...tags: string[]): CacheEvent {
  return { kind: "done", id, tags, shard: "s1", epoch: "e", position: `0-1-${id}` };
}

function message(previous: number, sequence: number, ...events: CacheEvent[]): CacheMessage {
  return { epoch: "1", previous, sequence, events };
}

/** Begins at 0, at sequence 10 of epoch 1. */
function begun(renewal: Partial<Renewal> = {}) {
  const made = makeCoherence();
  made.coherence.renewed({ epoch: "1", sequence: 10, intents: [], ...renewal }, {
    ask: "full",
    sentAt: 0,
    now: 1,
  });
  made.told();
  return made;
}

function plain(sequence: number): Renewal {
  return { epoch: "1", sequence };
}

Deno.test("Coherence holds no lease, and asks for everything, before its first renewal", () => {
  const { coherence, told } = makeCoherence();
  assertEquals([coherence.holds(0), coherence.isSound([], 0), coherence.ask(0)], [
    false,
    false,
    "full",
  ]);
  coherence.renewed({ epoch: "1", sequence: 10, intents: [intent("a", "x")] }, {
    ask: "full",
    sentAt: 0,
    now: 5,
  });
  assertEquals(told(), ["drop all", "forget"]);
  assertEquals([coherence.holds(5), coherence.isSound(["y"], 5), coherence.isSound(["x"], 5)], [
    true,
    true,
    false,
  ]);
});

Deno.test("Coherence counts its lease from when the renewal was sent", () => {
  const { coherence } = begun();
  coherence.renewed(plain(10), { ask: "plain", sentAt: 1_000, now: 1_900 });
  assertEquals(coherence.leaseUntil, 1_000 + LEASE_MS);
  assertEquals([coherence.holds(2_999), coherence.holds(3_000)], [true, false]);
});

Deno.test("Coherence does not extend its lease while it has not seen all", () => {
  const { coherence } = begun();
  coherence.renewed(plain(11), { ask: "plain", sentAt: 1_000, now: 1_001 });
  assertEquals([coherence.leaseUntil, coherence.ask(1_001)], [LEASE_MS, "log"]);
});

Deno.test("Coherence extends its lease when a message overtook the reply", () => {
  const { coherence } = begun();
  coherence.received(message(10, 12, done("a", "x")));
  coherence.renewed(plain(10), { ask: "plain", sentAt: 1_000, now: 1_001 });
  assertEquals([coherence.leaseUntil, coherence.sequence], [1_000 + LEASE_MS, 12]);
});

Deno.test("Coherence keeps tags in doubt from a write's intent to its end", () => {
  const { coherence, told } = begun();
  coherence.received(message(10, 11, intent("a", "x"), intent("b", "x")));
  assertEquals([told(), coherence.isSound(["x"], 1)], [["drop x", "drop x"], false]);
  coherence.received(message(11, 12, done("a", "x")));
  assertEquals([told(), coherence.isSound(["x"], 1)], [["written x 0-1-a", "drop x"], false]);
  coherence.received(message(12, 13, { kind: "aborted", id: "b" }));
  assertEquals([told(), coherence.isSound(["x"], 1), coherence.doubts], [[], true, 0]);
});

Deno.test("Coherence takes what is dropped, with its place or without", () => {
  const { coherence, told } = begun();
  const place = { shard: "s1", epoch: "e", position: "0-1-5" };
  coherence.received(message(10, 11, { kind: "dropped", tags: ["x"], place }));
  coherence.happened({ kind: "dropped", tags: ["y"], place: undefined });
  assertEquals(told(), ["written x 0-1-5", "drop x", "written y undefined", "drop y"]);
});

Deno.test("Coherence asks the log for what a gap shows to be missing, and takes it in order", () => {
  const { coherence, told } = begun();
  assertEquals(coherence.received(message(11, 12, done("b", "y"))), true);
  assertEquals([told(), coherence.ask(5)], [[], "log"]);
  const log = [message(10, 11, done("a", "x"))];
  coherence.renewed({ ...plain(11), log }, { ask: "log", sentAt: 5, now: 6 });
  assertEquals(told(), ["written x 0-1-a", "drop x", "written y 0-1-b", "drop y"]);
  assertEquals([coherence.sequence, coherence.leaseUntil, coherence.ask(6)], [12, 2_005, "plain"]);
});

Deno.test("Coherence continues from the log after a disconnect under its lease", () => {
  const { coherence, told } = begun();
  coherence.disconnected();
  assertEquals([coherence.ask(5), coherence.holds(5)], ["log", true]);
  coherence.renewed({ ...plain(10), log: [] }, { ask: "log", sentAt: 5, now: 6 });
  assertEquals([told(), coherence.ask(6), coherence.leaseUntil], [[], "plain", 2_005]);
});

Deno.test("Coherence asks again where the log's answer was not all of it", () => {
  const { coherence } = begun();
  coherence.disconnected();
  const log = [message(10, 11), message(11, 12)];
  coherence.renewed({ ...plain(20), log }, { ask: "log", sentAt: 5, now: 6 });
  assertEquals([coherence.sequence, coherence.ask(6), coherence.leaseUntil], [12, "log", LEASE_MS]);
});

for (
  const [what, log] of [
    ["begins too late", [message(15, 16)]],
    ["has a hole", [message(10, 11), message(13, 14)]],
    ["is empty", []],
  ] as const
) {
  Deno.test(`Coherence begins anew when the log ${what}`, () => {
    const { coherence } = begun();
    coherence.disconnected();
    coherence.renewed({ ...plain(16), log }, { ask: "log", sentAt: 5, now: 6 });
    assertEquals([coherence.ask(6), coherence.leaseUntil], ["full", LEASE_MS]);
  });
}

Deno.test("Coherence begins anew when its lease is over, and never continues it", () => {
  for (const ask of ["plain", "log"] as const) {
    const { coherence } = begun();
    coherence.renewed({ ...plain(10), log: [] }, { ask, sentAt: 1_999, now: LEASE_MS });
    assertEquals([coherence.holds(LEASE_MS), coherence.ask(LEASE_MS)], [false, "full"]);
  }
});

Deno.test("Coherence begins anew when the epoch changes, or something cannot be read", () => {
  const [one, two, three] = [begun().coherence, begun().coherence, begun().coherence];
  one.renewed({ epoch: "2", sequence: 10 }, { ask: "plain", sentAt: 5, now: 6 });
  two.received({ ...message(10, 11), epoch: "2" });
  three.confused();
  assertEquals([one, two, three].map((each) => each.ask(6)), ["full", "full", "full"]);
  assertEquals([one, two, three].map((each) => each.leaseUntil), [LEASE_MS, LEASE_MS, LEASE_MS]);
});

Deno.test("Coherence tells the log of the doubts that a new epoch does not know", () => {
  const { coherence } = begun({ intents: [intent("a", "x"), intent("b", "y")] });
  const renewal = { epoch: "2", sequence: 20, intents: [intent("b", "y"), intent("c", "z")] };
  const missing = coherence.renewed(renewal, { ask: "full", sentAt: 5, now: 6 });
  assertEquals(missing.map(({ id }) => id), ["a"]);
  assertEquals(["x", "y", "z"].map((tag) => coherence.isSound([tag], 6)), [false, false, false]);
});

Deno.test("Coherence gives up the doubts that its own epoch does not know any longer", () => {
  const { coherence } = begun({ intents: [intent("a", "x")] });
  const missing = coherence.renewed({ epoch: "1", sequence: 20, intents: [] }, {
    ask: "full",
    sentAt: 5_000,
    now: 5_001,
  });
  assertEquals([missing, coherence.doubts, coherence.isSound(["x"], 5_001)], [[], 0, true]);
});

Deno.test("Coherence takes what was published after the log's answer once it has begun", () => {
  const { coherence, told } = begun();
  // The lease is over; a write begins between the answer and whoever waits for it.
  assertEquals(coherence.ask(5_000), "full");
  coherence.received(message(10, 11, intent("a", "x")));
  coherence.renewed({ ...plain(10), intents: [] }, { ask: "full", sentAt: 5_000, now: 5_001 });
  assertEquals([coherence.sequence, coherence.isSound(["x"], 5_001)], [11, false]);
  assertEquals(told(), ["drop all", "forget", "drop x"]);
});

Deno.test("Coherence closes a doubt whose end was published after the log's answer", () => {
  const { coherence } = begun({ intents: [intent("a", "x")] });
  assertEquals(coherence.ask(5_000), "full");
  coherence.received(message(10, 11, done("a", "x")));
  coherence.renewed({ ...plain(10), intents: [intent("a", "x")] }, {
    ask: "full",
    sentAt: 5_000,
    now: 5_001,
  });
  assertEquals([coherence.sequence, coherence.isSound(["x"], 5_001)], [11, true]);
});

Deno.test("Coherence lets nothing be stored while it is held, and then loads must see what was written meanwhile", () => {
  const { coherence, told } = begun({ holdMs: 1_500 });
  coherence.renewed(plain(10), { ask: "plain", sentAt: 1_000, now: 1_001 });
  assertEquals([coherence.isSound([], 1_001), told()], [false, []]);
  coherence.renewed(plain(10), { ask: "plain", sentAt: 2_000, now: 2_001 });
  assertEquals([coherence.isSound([], 2_001), told()], [true, ["forget"]]);
  coherence.renewed(plain(10), { ask: "plain", sentAt: 3_000, now: 3_001 });
  assertEquals([coherence.isSound([], 3_001), told()], [true, []]);
});
