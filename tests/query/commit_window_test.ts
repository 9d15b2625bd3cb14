import { assertEquals } from "@std/assert";
import { CommitWindow } from "../../src/query/commit_window.ts";

function measured(window: CommitWindow, times: { executed: number; committed: number }, n = 100) {
  for (let at = 0; at < n; at++) {
    // Some come through at once even on a busy node.
    const executedMs = at % 10 === 0 ? Math.min(times.executed, 0.4) : times.executed;
    window.measured({ executedMs, committedMs: times.committed });
  }
}

Deno.test("CommitWindow lets one commit go at a time when nothing was measured", () => {
  assertEquals(new CommitWindow().width, 1);
});

Deno.test("CommitWindow keeps to one when statements take as long as their commit", () => {
  const window = new CommitWindow();
  measured(window, { executed: 3, committed: 4 });
  assertEquals(window.width, 1);
});

Deno.test("CommitWindow lets more go when a commit mostly waits", () => {
  const window = new CommitWindow();
  measured(window, { executed: 1.6, committed: 10 });
  assertEquals(window.width, 4);
  measured(window, { executed: 0.4, committed: 10 });
  assertEquals(window.width, 8);
});

Deno.test("CommitWindow lets more go when the node is far away", () => {
  const window = new CommitWindow();
  for (let at = 0; at < 100; at++) window.measured({ executedMs: 5.1, committedMs: 0.5 });
  assertEquals(window.width, 8);
});

Deno.test("CommitWindow closes when its node has too much to do, and opens when that is over", () => {
  const window = new CommitWindow();
  measured(window, { executed: 0.5, committed: 10 });
  measured(window, { executed: 6, committed: 10 });
  assertEquals(window.width, 1);
  measured(window, { executed: 0.5, committed: 10 });
  assertEquals(window.width, 8);
});

Deno.test("CommitWindow learns the way there anew when that has become longer", () => {
  const window = new CommitWindow();
  for (let at = 0; at < 100; at++) window.measured({ executedMs: 0.3, committedMs: 1 });
  for (let at = 0; at < 1_100; at++) window.measured({ executedMs: 8, committedMs: 1 });
  assertEquals(window.width, 8);
});

Deno.test("CommitWindow asks for a measurement when there was none for a while", () => {
  const window = new CommitWindow();
  const asked = () => Array.from({ length: 40 }, () => window.countSingle()).indexOf(true);
  assertEquals(asked(), 15);
  window.measured({ executedMs: 1, committedMs: 1 });
  assertEquals(asked(), 15);
});
