import { assertEquals } from "@std/assert";
import { RealmgateError } from "../../src/core/errors.ts";
import type { Log } from "../../src/core/log.ts";
import { logFailure } from "../../src/http/log_failure.ts";

Deno.test("logFailure tells at the default level what an operator must act on", () => {
  const lines: string[] = [];
  const note = (level: string) => (_message: string, fields?: Readonly<Record<string, unknown>>) =>
    void lines.push(`${level} ${fields?.["code"]}`);
  const log: Log = {
    debug: note("debug"),
    info: note("info"),
    warn: note("warn"),
    error: note("error"),
  };
  const cause = new Error("Table 'game.players' doesn't exist");
  const where = { requestId: "r", path: "/v1/exec/player.add_gold" };
  logFailure(log, new RealmgateError("statement_unavailable", "refused", { cause }), where);
  logFailure(log, new RealmgateError("write_outcome_unknown", "lost", { cause }), where);
  logFailure(log, new RealmgateError("internal", "a fault"), where);
  logFailure(log, new RealmgateError("deadlock", "again", { cause }), where);
  logFailure(log, new RealmgateError("statement_unavailable", "not built yet"), where);
  assertEquals(lines, [
    "warn statement_unavailable",
    "warn write_outcome_unknown",
    "error internal",
    "debug deadlock",
  ]);
});
