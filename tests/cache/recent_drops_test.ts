import { assertEquals } from "@std/assert";
import { RecentDrops } from "../../src/cache/recent_drops.ts";

Deno.test("RecentDrops tells reads apart by when they began", () => {
  const drops = new RecentDrops();
  const early = drops.begin();
  drops.note(["a", "b"]);
  const late = drops.begin();
  drops.note(["b"]);
  const overtook = (since: number) => ["a", "b", "c"].map((tag) => drops.overtook(since, [tag]));
  assertEquals(overtook(early), [true, true, false]);
  assertEquals(overtook(late), [false, true, false]);
  assertEquals(drops.overtook(late, ["c", "b"]), true);
  assertEquals(drops.overtook(late, []), false);
});

Deno.test("RecentDrops forgets what nobody reads any longer", () => {
  const drops = new RecentDrops();
  drops.begin();
  drops.note(["a"]);
  drops.end();
  drops.note(["a"]);
  assertEquals(drops.overtook(drops.begin(), ["a"]), false);
});

Deno.test("RecentDrops overtakes all reads that began before more drops than it remembers", () => {
  const drops = new RecentDrops();
  const early = drops.begin();
  for (let n = 0; n < 10_001; n++) drops.note([`t:${n}`]);
  const late = drops.begin();
  assertEquals([drops.overtook(early, ["x"]), drops.overtook(late, ["x"])], [true, false]);
});
