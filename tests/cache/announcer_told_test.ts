import { assertEquals, assertRejects } from "@std/assert";
import { Announcer } from "../../src/cache/announcer.ts";
import type { CacheEvent } from "../../src/cache/cache_event.ts";
import { eventually } from "../support/eventually.ts";

const aborted = (id: string): CacheEvent => ({ kind: "aborted", id });

/** A log that answers when it is told to. */
function slowLog() {
  const batches: CacheEvent[][] = [];
  const answers: PromiseWithResolvers<void>[] = [];
  return {
    batches,
    record: (events: readonly CacheEvent[]) => {
      batches.push([...events]);
      const answer = Promise.withResolvers<void>();
      answers.push(answer);
      return answer.promise;
    },
    answer: () => answers.shift()?.resolve(),
    fail: () => answers.shift()?.reject(new Error("away")),
  };
}

Deno.test("Announcer.told resolves at once when nothing is on its way", async () => {
  const { record, batches } = slowLog();
  await new Announcer(record).told();
  assertEquals(batches, []);
});

Deno.test("Announcer.told waits for what was told before, not for what is told later", async () => {
  const { record, batches, answer } = slowLog();
  const announcer = new Announcer(record);
  announcer.keepTelling(aborted("1"));
  announcer.keepTelling(aborted("2"));
  let told = false;
  const waiting = announcer.told().then(() => told = true);
  announcer.keepTelling(aborted("3"));
  answer();
  await eventually(() => batches.length === 2);
  assertEquals([told, batches], [false, [[aborted("1")], [aborted("2"), aborted("3")]]]);
  answer();
  await waiting;
  await announcer.told();
  assertEquals(batches.length, 2, "a mark alone is nothing to record");
});

Deno.test("Announcer.told fails with the log, and what is kept goes first when it is back", async () => {
  const { record, batches, answer, fail } = slowLog();
  const announcer = new Announcer(record);
  announcer.keepTelling(aborted("1"));
  const waiting = announcer.told();
  fail();
  await assertRejects(() => waiting, Error, "away");
  const again = announcer.told();
  assertEquals(batches, [[aborted("1")], [aborted("1")]]);
  answer();
  await again;
});
