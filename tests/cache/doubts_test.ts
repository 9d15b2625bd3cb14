import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Intent } from "../../src/cache/cache_event.ts";
import { Doubts } from "../../src/cache/doubts.ts";

function intent(id: string, tags: readonly string[]): Intent {
  return { kind: "intent", id, tags, shard: "s1", node: "n1", connection: 1, limitMs: 1_000 };
}

Deno.test("Doubts concern the tags of the writes that are open", () => {
  const doubts = new Doubts();
  assertEquals(doubts.concern(["x"]), false);
  doubts.open(intent("a", ["x", "y"]));
  assertEquals([["x"], ["z", "y"], ["z"], []].map((tags) => doubts.concern(tags)), [
    true,
    true,
    false,
    false,
  ]);
  doubts.close("a");
  assertEquals([doubts.concern(["x", "y"]), doubts.size], [false, 0]);
});

Deno.test("Doubts take a write that is told twice for one", () => {
  const doubts = new Doubts();
  doubts.open(intent("a", ["x"]));
  doubts.open(intent("a", ["x"]));
  assertEquals([doubts.size, doubts.has("a"), [...doubts.intents].length], [1, true, 1]);
  doubts.close("a");
  doubts.close("a");
  assertEquals([doubts.concern(["x"]), doubts.has("a")], [false, false]);
});

Deno.test("Doubts keep a tag in doubt until the last write of it is over, in any order", () => {
  const tag = fc.constantFrom("x", "y", "z");
  const id = fc.constantFrom("a", "b", "c", "d");
  const tags = fc.uniqueArray(tag, { minLength: 1 });
  const steps = fc.array(fc.tuple(id, fc.option(tags, { nil: undefined })));
  fc.assert(fc.property(steps, (steps) => {
    const doubts = new Doubts();
    const open = new Map<string, readonly string[]>();
    for (const [id, tags] of steps) {
      if (tags === undefined) {
        open.delete(id);
        doubts.close(id);
      } else {
        if (!open.has(id)) open.set(id, tags);
        doubts.open(intent(id, tags));
      }
      for (const tag of ["x", "y", "z"]) {
        assertEquals(doubts.concern([tag]), [...open.values()].some((tags) => tags.includes(tag)));
      }
      assertEquals(doubts.size, open.size);
    }
  }));
});

Deno.test("Doubts forget a write whose tags repeat", () => {
  const doubts = new Doubts();
  doubts.open(intent("a", ["x", "x"]));
  doubts.close("a");
  assertEquals(doubts.concern(["x"]), false);
});
