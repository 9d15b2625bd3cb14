import { assertEquals, assertRejects } from "@std/assert";
import { systemClock } from "../../src/core/clock.ts";
import { type Scope, ScopeWatch } from "../../src/core/scope.ts";
import { InterruptedError } from "../../src/pool/interrupted_error.ts";
import { type Outcome, WriteLane } from "../../src/query/write_lane.ts";

/** A node that commits when it is told to. */
class Node {
  readonly watch = new ScopeWatch({ clock: systemClock });
  /** What is under way: the ids of a commit, and how it ends. */
  readonly commits: {
    readonly ids: readonly number[];
    readonly end: (outcomes: readonly Outcome<string>[] | Error) => void;
  }[] = [];
  readonly turns: (() => void)[] = [];
  readonly lane = new WriteLane<{ readonly scope: Write["scope"]; readonly id: number }, string>({
    clock: systemClock,
    together: async ({ take }) => await this.#commit(take().map(({ id }) => id)),
    afterTurn: (task) => this.turns.push(task),
  });

  write(id: number) {
    const scope = this.watch.open({ timeoutMs: 60_000 });
    const result = this.lane.do({ scope, id }, async () => {
      const [outcome] = await this.#commit([id]);
      if (outcome?.is === "failed") throw outcome.error;
      return `${id} alone`;
    });
    result.catch(() => {});
    return { scope, result };
  }

  /** Ends the first commit under way, well if nothing else is said, and lets the turn end. */
  async end(how?: readonly Outcome<string>[] | Error): Promise<void> {
    const commit = this.commits.shift();
    commit?.end(how ?? commit.ids.map((id) => ({ is: "done", result: `${id} together` })));
    await this.turn();
  }

  async turn(): Promise<void> {
    for (let at = 0; at < 10; at++) await Promise.resolve();
    for (const task of this.turns.splice(0)) task();
    for (let at = 0; at < 10; at++) await Promise.resolve();
  }

  get underWay(): readonly (readonly number[])[] {
    return this.commits.map(({ ids }) => ids);
  }

  #commit(ids: readonly number[]): Promise<readonly Outcome<string>[]> {
    return new Promise((resolve, reject) => {
      const end = (how: readonly Outcome<string>[] | Error) =>
        how instanceof Error ? reject(how) : resolve(how);
      this.commits.push({ ids, end });
    });
  }
}

type Write = Parameters<
  WriteLane<{ readonly scope: ReturnType<ScopeWatch["open"]> }, string>["do"]
>[0];

Deno.test("WriteLane sends a write alone and at once when its node is at rest", async () => {
  const node = new Node();
  const first = node.write(1);
  assertEquals(node.underWay, [[1]]);
  await node.end();
  assertEquals(await first.result, "1 alone");
  const second = node.write(2);
  assertEquals(node.underWay, [[2]]);
  await node.end();
  assertEquals(await second.result, "2 alone");
});

Deno.test("WriteLane commits together what came when a commit was under way", async () => {
  const node = new Node();
  const writes = [1, 2, 3, 4].map((id) => node.write(id));
  assertEquals(node.underWay, [[1]]);
  await node.end();
  assertEquals(node.underWay, [[2, 3, 4]]);
  const fifth = node.write(5);
  assertEquals(node.underWay, [[2, 3, 4]]);
  await node.end();
  assertEquals(await Promise.all(writes.map(({ result }) => result)), [
    "1 alone",
    "2 together",
    "3 together",
    "4 together",
  ]);
  assertEquals(node.underWay, [[5]]);
  await node.end();
  assertEquals(await fifth.result, "5 alone");
});

Deno.test("WriteLane waits for the turn's end when writes come in crowds", async () => {
  const node = new Node();
  for (const id of [1, 2, 3]) node.write(id);
  await node.end();
  await node.end();
  assertEquals(node.underWay, []);
  for (const id of [4, 5, 6]) node.write(id);
  assertEquals(node.underWay, []);
  await node.turn();
  assertEquals(node.underWay, [[4, 5, 6]]);
  await node.end();
  node.write(7);
  await node.turn();
  assertEquals(node.underWay, [[7]]);
  await node.end();
  node.write(8);
  assertEquals(node.underWay, [[8]]);
});

Deno.test("WriteLane does a write by itself when its commit could not take it along", async () => {
  const node = new Node();
  const writes = [1, 2, 3].map((id) => node.write(id));
  await node.end();
  await node.end([{ is: "alone" }, { is: "failed", error: new Error("its own") }]);
  assertEquals(node.underWay, [[2]]);
  await node.end();
  assertEquals(await writes[1]?.result, "2 alone");
  assertEquals(
    (await assertRejects(() => writes[2]?.result ?? Promise.resolve(), Error)).message,
    "its own",
  );
});

Deno.test("WriteLane tells everyone and goes on when a commit fails as a whole", async () => {
  const node = new Node();
  const writes = [1, 2, 3].map((id) => node.write(id));
  await node.end();
  const later = node.write(4);
  await node.end(new Error("lost"));
  for (const { result } of writes.slice(1)) {
    assertEquals((await assertRejects(() => result, Error)).message, "lost");
  }
  assertEquals(node.underWay, [[4]]);
  await node.end();
  assertEquals(await later.result, "4 alone");
});

Deno.test("WriteLane goes on when a write that went alone fails", async () => {
  const node = new Node();
  const first = node.write(1);
  const second = node.write(2);
  await node.end([{ is: "failed", error: new Error("refused") }]);
  await assertRejects(() => first.result, Error, "refused");
  assertEquals(node.underWay, [[2]]);
  await node.end();
  assertEquals(await second.result, "2 alone");
});

Deno.test("WriteLane leaves out a write whose caller has left, and says what became of it", async () => {
  const node = new Node();
  const [, second, third, fourth] = [1, 2, 3, 4].map((id) => node.write(id));
  second?.scope.end("deadline_exceeded");
  await node.end();
  assertEquals(node.underWay, [[3, 4]]);
  third?.scope.end("client_closed");
  await node.end();
  const outcomes = await Promise.allSettled([second?.result, third?.result, fourth?.result]);
  assertEquals(
    outcomes.map((outcome) =>
      outcome.status === "rejected" && outcome.reason instanceof InterruptedError
        ? [outcome.reason.end, outcome.reason.outcome]
        : outcome.status
    ),
    [["deadline_exceeded", "not_applied"], ["client_closed", "unknown"], "fulfilled"],
  );
});

Deno.test("WriteLane sends none whose caller left before the commit was sent", async () => {
  const watch = new ScopeWatch({ clock: systemClock });
  let connected = () => {};
  const sent: string[][] = [];
  const lane = new WriteLane<{ readonly scope: Scope; readonly id: string }, string>({
    clock: systemClock,
    afterTurn: (task) => queueMicrotask(task),
    together: async ({ writes, take }) => {
      assertEquals(writes.length, 2);
      await new Promise<void>((resolve) => connected = resolve);
      const left = take().map(({ id }) => id);
      sent.push(left);
      return left.map((id) => ({ is: "done", result: id }));
    },
  });
  let first = () => {};
  const alone = new Promise<string>((resolve) => first = () => resolve("alone"));
  const begun = lane.do({ scope: watch.open({ timeoutMs: 60_000 }), id: "a" }, () => alone);
  const [leaving, staying] = [1, 2].map(() => watch.open({ timeoutMs: 60_000 })) as [Scope, Scope];
  const left = lane.do({ scope: leaving, id: "b" }, () => alone);
  const stayed = lane.do({ scope: staying, id: "c" }, () => alone);
  first();
  assertEquals(await begun, "alone");
  await Promise.resolve();
  leaving.end("client_closed");
  const error = await assertRejects(() => left, InterruptedError);
  assertEquals(error.outcome, "not_applied");
  connected();
  assertEquals([await stayed, sent], ["c", [["c"]]]);
  watch.endAll("shutting_down");
  watch.close();
});

Deno.test("WriteLane sends nothing when all that waited have left", async () => {
  const node = new Node();
  node.write(1);
  const left = [2, 3].map((id) => node.write(id));
  for (const { scope } of left) scope.end("client_closed");
  await node.end();
  assertEquals(node.underWay, []);
  node.write(4);
  assertEquals(node.underWay, [[4]]);
});

Deno.test("WriteLane commits a bounded number together, and lets a bounded number wait", async () => {
  const node = new Node();
  for (let id = 0; id < 4_500; id++) node.write(id);
  assertEquals(node.underWay.length, 4_500 - 4_096);
  while (node.commits.length > 0 && node.underWay[0]?.length === 1) await node.end();
  assertEquals(node.underWay[0]?.length, 64);
});
