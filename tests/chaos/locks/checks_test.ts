import { assertEquals } from "@std/assert";
import { findOverlaps } from "./check_exclusion.ts";
import { findOvertakes } from "./check_fairness.ts";
import { findFenceFaults } from "./check_fences.ts";
import { findStaleWrites } from "./check_writes.ts";
import { Disturbances } from "./disturbances.ts";
import { History } from "./history.ts";

/** Two clients of one lock: `a` asks, is granted and ends at these instants, then `b`. */
function historyOf(
  asks: readonly { readonly fence: string; readonly times: readonly [number, number, number] }[],
): History {
  const history = new History();
  asks.forEach(({ fence, times: [askedAt, grantedAt, endedAt] }, n) => {
    const ask = "ab".charAt(n);
    const base = { kind: "ask", ask, lock: "l", client: ask, service: 0, again: false } as const;
    history.add({ ...base, at: askedAt });
    history.add({ kind: "grant", ask, token: ask, fence, until: askedAt + 1_000, at: grantedAt });
    history.add({ kind: "ended", ask, at: endedAt });
  });
  return history;
}

const byFence = ({ grant }: { readonly grant: { readonly fence: string } }) => BigInt(grant.fence);

Deno.test("findOverlaps finds two clients that rely on a lock at one time, and no others", () => {
  const apart = [{ fence: "1", times: [0, 5, 100] }, {
    fence: "2",
    times: [10, 110, 200],
  }] as const;
  assertEquals(findOverlaps(historyOf(apart)), []);
  const both = [{ fence: "1", times: [0, 5, 100] }, { fence: "2", times: [10, 60, 200] }] as const;
  assertEquals(findOverlaps(historyOf(both)), [{ lock: "l", asks: ["a", "b"], ms: 40 }]);
  // An answer that came after its time was over claims nothing.
  const late = [{ fence: "1", times: [0, 1_500, 1_600] }, {
    fence: "2",
    times: [10, 1_005, 1_550],
  }] as const;
  assertEquals(findOverlaps(historyOf(late)), []);
});

Deno.test("findFenceFaults finds fences that fall or come twice", () => {
  const pair = (first: string, second: string) =>
    findFenceFaults(
      historyOf([{ fence: first, times: [0, 5, 100] }, { fence: second, times: [10, 110, 200] }]),
      { exclusive: true },
    ).length;
  assertEquals([pair("1", "2"), pair("2", "1"), pair("2", "2")], [0, 1, 1]);
});

Deno.test("findOvertakes finds a waiter that was passed, unless a fault touched it", () => {
  const history = historyOf([
    { fence: "2", times: [0, 300, 310] },
    { fence: "1", times: [150, 200, 250] },
  ]);
  const disturbances = new Disturbances();
  const options = { disturbances, orderOf: byFence };
  assertEquals(findOvertakes(history, options).map(({ waiting }) => waiting), ["a"]);
  disturbances.add({ from: 100, to: 120, clients: ["a"] });
  assertEquals(findOvertakes(history, options), []);
});

Deno.test("findStaleWrites finds a late write by the answers and by the table", () => {
  const history = historyOf([
    { fence: "1", times: [0, 5, 900] },
    { fence: "2", times: [10, 110, 900] },
  ]);
  const write = (ask: string, id: string, at: number, answer: readonly [number, string]) => {
    history.add({ kind: "write", ask, write: id, at });
    history.add({ kind: "wrote", write: id, status: answer[0], code: answer[1], at: at + 5 });
  };
  write("b", "w1", 200, [200, ""]);
  write("a", "w2", 300, [412, "stale_fence"]);
  const find = (rows: readonly { readonly ask: string; readonly write: string }[]) =>
    findStaleWrites(history, { landed: new Map([["l", rows]]), orderOf: byFence });
  const good = find([{ ask: "b", write: "w1" }]);
  assertEquals([good.stale, good.refused], [[], 1]);
  // The answer was lost, and the write landed even so.
  assertEquals(find([{ ask: "b", write: "w1" }, { ask: "a", write: "w3" }]).stale, ["w3"]);
  write("a", "w4", 400, [200, ""]);
  assertEquals(find([]).stale, ["w4"]);
});
