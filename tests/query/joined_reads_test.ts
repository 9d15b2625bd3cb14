import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Scope, ScopeWatch } from "../../src/core/scope.ts";
import { InterruptedError } from "../../src/pool/interrupted_error.ts";
import { JoinedReads, readKey } from "../../src/query/joined_reads.ts";
import { isRepeatable } from "../../src/query/repeatable.ts";
import { scanSql } from "../../src/query/sql_scanner.ts";
import { ManualClock } from "../support/manual_clock.ts";

/** Reads that a test answers: each is told by its number what it is to answer. */
class Setting {
  readonly clock = new ManualClock();
  readonly watch = new ScopeWatch({ clock: this.clock });
  readonly joined = new JoinedReads<string>({ watch: this.watch, clock: this.clock });
  readonly sent: { scope: Scope; resolve(answer: string): void; reject(error: Error): void }[] = [];

  ask(key = "a") {
    const scope = this.watch.open({ timeoutMs: 1_000 });
    const answer = this.joined.read(key, {
      scope,
      timeoutMs: 5_000,
      read: (scope) => {
        const { promise, resolve, reject } = Promise.withResolvers<string>();
        this.sent.push({ scope, resolve, reject });
        return promise;
      },
    });
    answer.catch(() => {});
    return { scope, answer };
  }
}

const turn = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("JoinedReads reads alone and at once where nobody reads the same", async () => {
  const setting = new Setting();
  const [one, other] = [setting.ask("a"), setting.ask("b")];
  assertEquals(setting.sent.length, 2);
  setting.sent[0]?.resolve("first");
  setting.sent[1]?.resolve("second");
  assertEquals([await one.answer, await other.answer], ["first", "second"]);
  assertEquals(setting.sent[0]?.scope, one.scope);
  const again = setting.ask("a");
  assertEquals(setting.sent.length, 3);
  setting.sent[2]?.resolve("third");
  assertEquals(await again.answer, "third");
});

Deno.test("JoinedReads gives nobody an answer that was asked for before they came", async () => {
  const setting = new Setting();
  const first = setting.ask();
  const later = Array.from({ length: 100 }, () => setting.ask());
  assertEquals(setting.sent.length, 1);
  setting.sent[0]?.resolve("old");
  assertEquals(await first.answer, "old");
  await turn();
  assertEquals(setting.sent.length, 2);
  const last = setting.ask();
  setting.sent[1]?.resolve("new");
  for (const { answer } of later) assertEquals(await answer, "new");
  await turn();
  setting.sent[2]?.resolve("newest");
  assertEquals(await last.answer, "newest");
  await turn();
  assertEquals(setting.sent.length, 3);
});

Deno.test("JoinedReads does not wait for a read that takes long", async () => {
  const setting = new Setting();
  setting.ask();
  const second = setting.ask();
  setting.clock.advance(20);
  assertEquals(setting.sent.length, 2);
  setting.sent[1]?.resolve("quick");
  assertEquals(await second.answer, "quick");
});

Deno.test("JoinedReads stops a read that all have left, and only then", async () => {
  const setting = new Setting();
  const first = setting.ask();
  const [second, third] = [setting.ask(), setting.ask()];
  setting.sent[0]?.reject(new Error("broken"));
  await assertRejects(() => first.answer, Error, "broken");
  await turn();
  second.scope.end("client_closed");
  await assertRejects(() => second.answer, InterruptedError);
  assertEquals(setting.sent[1]?.scope.ended, undefined);
  third.scope.end("deadline_exceeded");
  await assertRejects(() => third.answer, InterruptedError);
  assertEquals(setting.sent[1]?.scope.ended, "client_closed");
  setting.sent[1]?.reject(new Error("stopped"));
  await turn();
  const next = setting.ask();
  setting.sent[2]?.resolve("fresh");
  assertEquals(await next.answer, "fresh");
});

Deno.test("JoinedReads reads for nobody when all left before it began", async () => {
  const setting = new Setting();
  setting.ask();
  const waiting = setting.ask();
  waiting.scope.end("client_closed");
  setting.sent[0]?.resolve("old");
  await turn();
  assertEquals(setting.sent.length, 1);
});

Deno.test("readKey tells values apart", () => {
  const keys = [
    ["1"],
    [1],
    [null],
    ["1", "2"],
    ["1\n1:2"],
    [new Uint8Array([1])],
    ["x01"],
    ["null"],
  ].map((values) => readKey("n", { sql: "s", values }));
  assertEquals(new Set(keys).size, keys.length);
});

Deno.test("isRepeatable lets only reads be joined that answer the same to all", () => {
  const good = [
    "SELECT id, name FROM t WHERE id = :id",
    "SELECT COUNT(*), MAX(`xp`) FROM t JOIN (SELECT 1) AS x ON (x.id = t.id) WHERE a IN (:a)",
    "WITH best (id) AS (SELECT id FROM t) SELECT * FROM best ORDER BY COALESCE(xp, 0)",
  ];
  const bad = [
    "SELECT * FROM t ORDER BY RAND() LIMIT 1",
    "SELECT UUID()",
    "SELECT my_function(id) FROM t",
    "SELECT game.`my_function`(id) FROM t",
    "SELECT NEXT VALUE FOR s",
    "SELECT id FROM t WHERE id = :id FOR UPDATE",
    "SELECT id FROM t LOCK IN SHARE MODE",
    "SELECT @@last_insert_id",
  ];
  for (const sql of good) assert(isRepeatable(scanSql(sql).tokens), sql);
  for (const sql of bad) assert(!isRepeatable(scanSql(sql).tokens), sql);
});
