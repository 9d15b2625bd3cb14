import { assertEquals } from "@std/assert";
import { alternate, WARM_UP_SECONDS } from "./measure.ts";

Deno.test("alternate warms each target up, then turns their order round by round", async () => {
  const seen: string[] = [];
  const target = (name: string, rate: number) => ({
    name,
    pids: [Deno.pid],
    load: ({ seconds, round }: { readonly seconds: number; readonly round: number }) => {
      seen.push(`${name} ${round} ${seconds}`);
      const requests = rate * seconds * (round + 2);
      return Promise.resolve({
        requests,
        seconds,
        p50Ms: 1,
        p99Ms: 2,
        errors: round === 1 ? 3 : 0,
      });
    },
  });
  const results = await alternate([target("a", 10), target("b", 20)], {
    databases: [],
    rounds: 2,
    seconds: 5,
  });
  const warm = WARM_UP_SECONDS;
  assertEquals(seen, [`a -1 ${warm}`, `b -1 ${warm}`, "a 0 5", "b 0 5", "b 1 5", "a 1 5"]);
  const rates = results.map((rounds) => rounds.map((round) => round.requestsPerSecond));
  assertEquals(rates, [[20, 30], [40, 60]]);
  assertEquals(results[1]?.map((round) => round.errors), [0, 3]);
});
