import { assertEquals } from "@std/assert";
import { RealmgateError } from "../../src/core/errors.ts";
import { SqlError } from "../../src/drivers/mysql.ts";
import { InterruptedError } from "../../src/pool/interrupted_error.ts";
import { failureCode } from "../../src/query/failure.ts";

Deno.test("failureCode names the code of an answer when anything fails", () => {
  const server = (errno: number) => new SqlError("server", "", { errno });
  const codes: readonly (readonly [unknown, string])[] = [
    [new RealmgateError("pool_saturated", ""), "pool_saturated"],
    [new InterruptedError("deadline_exceeded", "not_applied"), "deadline_exceeded"],
    [new InterruptedError("client_closed", "not_applied"), "client_closed_request"],
    [new InterruptedError("shutting_down", "not_applied"), "shutting_down"],
    [new InterruptedError("deadline_exceeded", "unknown"), "write_outcome_unknown"],
    [new SqlError("connect_failed", ""), "shard_unavailable"],
    [new SqlError("connection_lost", ""), "shard_unavailable"],
    [server(1040), "shard_unavailable"],
    [server(1290), "no_primary"],
    [server(1062), "constraint_violation"],
    [server(1213), "deadlock"],
    [server(1146), "statement_unavailable"],
    [server(1), "internal"],
    [new TypeError(), "internal"],
  ];
  for (const [error, code] of codes) assertEquals(failureCode(error), code);
});
