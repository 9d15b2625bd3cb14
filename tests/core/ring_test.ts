import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Place, Ring } from "../../src/core/ring.ts";

Deno.test("Ring has whoever joined and did not leave, in their order, whatever the order of leaving", () => {
  const step = fc.record({ join: fc.boolean(), at: fc.nat() });
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const ring = new Ring<number>();
    const model = new Map<number, Place>();
    steps.forEach(({ join, at }, id) => {
      const ids = [...model.keys()];
      if (join || ids.length === 0) return void model.set(id, ring.join(id));
      const leaving = ids[at % ids.length] as number;
      model.get(leaving)?.leave();
      model.get(leaving)?.leave();
      model.delete(leaving);
    });
    assertEquals([...ring], [...model.keys()]);
    assertEquals(ring.size, model.size);
  }));
});

Deno.test("Ring meets those that stay when others leave while it is gone through", () => {
  const ring = new Ring<string>();
  const places = new Map([..."abcdef"].map((name) => [name, ring.join(name)]));
  const leavers: Readonly<Record<string, string>> = { a: "ab", c: "de", f: "cf" };
  const met: string[] = [];
  for (const name of ring) {
    met.push(name);
    for (const leaver of leavers[name] ?? "") places.get(leaver)?.leave();
  }
  assertEquals([met, [...ring], ring.size], [["a", "c", "f"], [], 0]);
});
