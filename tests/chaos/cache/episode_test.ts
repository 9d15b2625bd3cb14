import { assertEquals } from "@std/assert";
import { Episode, type Plan } from "./episode.ts";
import { PLAIN } from "./statements.ts";

const WARM: Plan = { route: PLAIN, warm: true, writer: "gateway" };

function begun(plan: Plan): Episode {
  const episode = new Episode(1, { plan, warmMs: 1_000, watchMs: 5_000 });
  episode.claim();
  episode.begin(0);
  return episode;
}

Deno.test("Episode is read before its write where it is to be warm, else only just before", () => {
  const [warm, cold] = [begun(WARM), begun({ ...WARM, warm: false })];
  assertEquals([warm.isReadable(0), cold.isReadable(0)], [true, false]);
  assertEquals([warm.isDue(999), warm.isDue(1_000)], [false, true]);
  assertEquals([cold.isReadable(990), cold.isDue(990)], [true, false]);
});

Deno.test("Episode is new to every reader once more when its quiet time is over", () => {
  const episode = begun({ ...WARM, quietMs: 3_000 });
  episode.visit("a");
  assertEquals([episode.isNewTo("a"), episode.isNewTo("b")], [false, true]);
  episode.writing();
  assertEquals(episode.isReadable(1_005), false);
  episode.written(1_010);
  assertEquals([episode.isReadable(4_009), episode.isReadable(4_010)], [false, true]);
  assertEquals(episode.isNewTo("a"), true);
});

Deno.test("Episode ends when it was watched for long enough after its write, and not before one", () => {
  const episode = begun({ ...WARM, writer: "fault" });
  assertEquals([episode.isDue(60_000), episode.isOver(60_000)], [false, false]);
  episode.writing();
  episode.written(60_000);
  assertEquals([episode.isOver(64_999), episode.isOver(65_000)], [false, true]);
});
