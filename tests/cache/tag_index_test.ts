import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { TagIndex } from "../../src/cache/tag_index.ts";

Deno.test("TagIndex finds all owners of a tag, and none that was taken out", () => {
  const index = new TagIndex<{ readonly name: string }>();
  const [a, b, c] = [{ name: "a" }, { name: "b" }, { name: "c" }];
  index.add(a, ["x", "y"]);
  index.add(b, ["x"]);
  index.add(c, ["x"]);
  assertEquals(index.of("x"), [a, b, c]);
  assertEquals([index.of("y"), index.of("z"), index.size], [[a], [], 2]);
  index.remove(b, ["x"]);
  index.remove(a, ["x", "y"]);
  assertEquals([index.of("x"), index.of("y"), index.size], [[c], [], 1]);
  index.remove(c, ["x"]);
  assertEquals(index.size, 0);
});

Deno.test("TagIndex gives the owners as they were when it was asked", () => {
  const index = new TagIndex<{ readonly name: string }>();
  const owners = [{ name: "a" }, { name: "b" }, { name: "c" }];
  for (const owner of owners) index.add(owner, ["x"]);
  const seen = [];
  for (const owner of index.of("x")) {
    index.remove(owner, ["x"]);
    seen.push(owner);
  }
  assertEquals([seen, index.size], [owners, 0]);
});

Deno.test("TagIndex holds what a map of sets holds, whatever is added and taken out", () => {
  const owners = Array.from({ length: 4 }, (_, name) => ({ name }));
  const tags = ["x", "y", "z"];
  const step = fc.record({
    owner: fc.constantFrom(...owners),
    tags: fc.subarray(tags),
    add: fc.boolean(),
  });
  fc.assert(fc.property(fc.array(step), (steps) => {
    const index = new TagIndex<{ readonly name: number }>();
    const expected = new Map<string, Set<{ readonly name: number }>>();
    for (const { owner, tags, add } of steps) {
      if (add) index.add(owner, tags);
      else index.remove(owner, tags);
      for (const tag of tags) {
        const set = expected.get(tag) ?? new Set();
        if (add) set.add(owner);
        else set.delete(owner);
        expected.set(tag, set);
      }
    }
    const names = (owners: Iterable<{ readonly name: number }>) =>
      [...owners].map(({ name }) => name).sort();
    for (const tag of tags) assertEquals(names(index.of(tag)), names(expected.get(tag) ?? []));
    assertEquals(index.size, [...expected.values()].filter(({ size }) => size > 0).length);
  }));
});
