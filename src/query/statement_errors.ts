import { RealmgateError } from "../core/errors.ts";
import type { CompiledStatement } from "./compiled_statement.ts";

/** @throws {RealmgateError} `statement_unavailable` */
export function assertAvailable(compiled: CompiledStatement): void {
  if (compiled.unavailable !== undefined) throw unavailable(compiled);
}

function unavailable(compiled: CompiledStatement): RealmgateError {
  return new RealmgateError(
    "statement_unavailable",
    `Cannot run ${compiled.statement.name}: ${compiled.unavailable ?? "it is not supported yet"}`,
    { retryAfterMs: 30_000 },
  );
}

/** The error of a read that the database answered as if it were a write. */
export function notRows(compiled: CompiledStatement): RealmgateError {
  return new RealmgateError(
    "internal",
    `Cannot read ${compiled.statement.name}: the database answered without rows`,
  );
}

/** The error of a read that has, or asks for, more rows than its statement allows. */
export function tooManyRows(compiled: CompiledStatement): RealmgateError {
  const { name, maxRows } = compiled.statement;
  return new RealmgateError(
    "result_too_large",
    `Cannot answer ${name}: it has more than ${maxRows} rows; add a LIMIT or raise @maxrows`,
  );
}

/** The error of a call whose LIMIT is more than the statement's `@maxrows`, whatever there is. */
export function tooManyAsked(compiled: CompiledStatement): RealmgateError {
  const { name, maxRows } = compiled.statement;
  return new RealmgateError(
    "result_too_large",
    `Cannot answer ${name}: at most ${maxRows} rows may be asked for; ask for fewer or raise @maxrows`,
  );
}

/** The error of an answer that is longer than answers may be. */
export function tooLarge({ statement }: CompiledStatement): RealmgateError {
  return new RealmgateError(
    "result_too_large",
    `Cannot answer ${statement.name}: it is larger than limits.resultBytes allows`,
    statement.kind === "exec" ? { outcome: "applied", retry: "never" } : {},
  );
}
