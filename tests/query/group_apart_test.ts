import { assertEquals } from "@std/assert";
import { type Ok, SqlError } from "../../src/drivers/mysql.ts";
import { apart } from "../../src/query/group_commit.ts";

function ok(inTransaction: boolean): Ok {
  return { kind: "ok", affectedRows: 1, insertId: "0", gtid: undefined, inTransaction };
}

Deno.test("apart lets a refused write be done again when what it met was undone", () => {
  const duplicate = new SqlError("server", "no", { errno: 1062, sqlState: "23000" });
  const deadlock = new SqlError("server", "no", { errno: 1213, sqlState: "40001" });
  const { outcomes } = apart([ok(true), duplicate, deadlock, ok(false), duplicate]);
  assertEquals(outcomes.map(({ is }) => is), ["alone", "alone", "alone", "done", "failed"]);
});
