import { assertEquals } from "@std/assert";
import { type Answer, type Ok, SqlError } from "../../src/drivers/mysql.ts";
import { lostAt, toAnswer, toTransacted } from "../../src/drivers/mysql2_results.ts";

function ok(inTransaction: boolean): Ok {
  return { kind: "ok", affectedRows: 1, insertId: "0", gtid: undefined, inTransaction };
}

function refusal(errno: number): SqlError {
  return new SqlError("server", "no", { errno, sqlState: "HY000" });
}

const OPEN = ok(true);
const CLOSED = ok(false);
const DUPLICATE = refusal(1062);
const KILLED = refusal(1317);

/** The statements' answers and that of the look, and whether the transaction was whole. */
const CASES: readonly [when: string, Answer[], look: Answer, whole: boolean | undefined][] = [
  ["all are done", [OPEN, OPEN], OPEN, true],
  ["one is refused", [OPEN, DUPLICATE, OPEN], OPEN, true],
  ["the last is refused", [OPEN, DUPLICATE], OPEN, true],
  ["one undoes it", [OPEN, DUPLICATE, CLOSED], CLOSED, false],
  ["the last undoes it", [OPEN, DUPLICATE], CLOSED, false],
  ["only the look is refused", [OPEN, OPEN], KILLED, true],
  [
    "the look is refused and the transaction was open after the refusal",
    [
      OPEN,
      DUPLICATE,
      OPEN,
    ],
    KILLED,
    true,
  ],
  ["the look is refused after a refusal", [OPEN, DUPLICATE], KILLED, undefined],
  ["the look is refused and one stands for itself", [OPEN, DUPLICATE, CLOSED], KILLED, false],
];

Deno.test("toTransacted tells whether a transaction was whole", async (t) => {
  for (const [when, answers, look, whole] of CASES) {
    await t.step(`when ${when}`, () => {
      assertEquals(toTransacted([OPEN, ...answers, look, CLOSED]).whole, whole);
    });
  }
});

Deno.test("lostAt tells that nothing is applied only when the server has ended the session before the COMMIT", () => {
  const kinds = [1053, 1927, 1243, 4031].map((errno) =>
    lostAt(refusal(errno), [OPEN, OPEN, DUPLICATE], 6).kind
  );
  assertEquals(kinds, ["connect_failed", "connect_failed", "connection_lost", "connection_lost"]);
  assertEquals(lostAt(refusal(1927), [OPEN, OPEN, OPEN, OPEN, OPEN], 6).kind, "connection_lost");
  assertEquals(lostAt(refusal(1927), [OPEN, OPEN, CLOSED], 6).kind, "connection_lost");
  assertEquals(lostAt(refusal(1927), [], 6).kind, "connection_lost");
  assertEquals(
    lostAt(new SqlError("connection_lost", "gone"), [OPEN], 6).kind,
    "connection_lost",
  );
});

Deno.test("toAnswer tells ids past 2^63 without a sign, as the server counts them", () => {
  const idOf = (insertId: number | string) =>
    (toAnswer({ affectedRows: 1, insertId }, undefined) as Ok).insertId;
  assertEquals([0, 7, "9007199254740993", -2, "-9223372036854775808"].map(idOf), [
    "0",
    "7",
    "9007199254740993",
    "18446744073709551614",
    "9223372036854775808",
  ]);
});
