import { type Answer, type Ok, type Rows, SqlError, type Transacted } from "./mysql.ts";
import { type ColumnShapes, toColumns } from "./mysql2_columns.ts";
import type { Mysql2Column, Mysql2Ok, StateChanges } from "./mysql2_connection.ts";
import type { Prepared } from "./mysql2_statements.ts";

/** SERVER_STATUS_IN_TRANS of the protocol. */
const IN_TRANSACTION = 1;

/**
 * An OK in the port's form. MariaDB tells the GTID as a variable, MySQL as a state of its own, whose
 * text mysql2 takes apart at commas.
 */
function toOk({ affectedRows, insertId, stateChanges, serverStatus = 0 }: Mysql2Ok): Ok {
  return {
    kind: "ok",
    affectedRows: Number(affectedRows),
    insertId: toInsertId(insertId),
    inTransaction: (serverStatus & IN_TRANSACTION) !== 0,
    gtid: stateChanges === undefined ? undefined : gtidOf(stateChanges),
  };
}

/** mysql2 reads it as signed; the server makes no negative ones. */
function toInsertId(id: Mysql2Ok["insertId"]): string {
  const text = String(id);
  return text.startsWith("-") ? String(BigInt.asUintN(64, BigInt(text))) : text;
}

function gtidOf({ systemVariables, gtids }: StateChanges): string | undefined {
  return systemVariables["last_gtid"] ?? (gtids.length === 0 ? undefined : gtids.join(","));
}

/**
 * The first of a command's results with its columns, which are `undefined` for an OK. A stored
 * procedure answers with several, and mysql2 then wraps results and columns in one more array.
 */
function firstResult(
  result: unknown,
  fields: unknown,
): { readonly result: unknown; readonly fields: readonly Mysql2Column[] | undefined } {
  if (!Array.isArray(fields)) return { result, fields: undefined };
  const [first] = fields as readonly unknown[];
  if (first !== undefined && !Array.isArray(first)) return { result, fields };
  return { result: (result as readonly unknown[])[0], fields: first };
}

/**
 * What a command came to, in the port's form.
 *
 * @param known the statement that answered, which knows its columns @default {none that was prepared}
 */
export function toAnswer(
  answer: unknown,
  definitions: unknown,
  known?: { readonly prepared: Prepared; readonly shapes: ColumnShapes },
): Rows | Ok {
  const { result, fields } = firstResult(answer, definitions);
  if (fields === undefined) return toOk(result as Mysql2Ok);
  const rows = result as Rows["rows"];
  if (known === undefined) return { kind: "rows", columns: toColumns(fields), rows };
  const { prepared, shapes } = known;
  const columns = fields === prepared.definitions
    ? prepared.columns(shapes)
    : shapes.of(prepared.sql, fields);
  return { kind: "rows", columns, rows };
}

/** What was read of a result that is too large for any more. */
export function toExcess(
  rows: readonly (readonly unknown[])[],
  columns: readonly Mysql2Column[],
): Rows {
  return { kind: "rows", columns: toColumns(columns), rows, excess: true };
}

/** The answers to a transaction: to its beginning, its statements, a look at it and its COMMIT. */
export function toTransacted(all: readonly Answer[]): Transacted {
  const answers = all.slice(1, -2);
  const [look, committed] = all.slice(-2) as [Answer, Ok | SqlError];
  const open = (answer: Answer) => answer instanceof SqlError || isInTransaction(answer);
  const stood = answers.every(open);
  if (!(look instanceof SqlError)) {
    return { answers, whole: stood && isInTransaction(look), committed };
  }
  // Where even the look was refused nobody knows what a refusal right before has cost.
  const doubtful = stood && answers.at(-1) instanceof SqlError;
  return { answers, whole: doubtful ? undefined : stood, committed };
}

/**
 * The server shuts down, or was told to KILL the session: it reads no command after that. After any
 * other word it goes on with those that it has already, the COMMIT among them.
 */
const ENDED_BY_SERVER = [1053, 1927];

/**
 * What is known of a transaction whose session ended with `last` after these `answers`, of `count`: it
 * is not applied where the server itself said so before its COMMIT, and nothing stands for itself.
 */
export function lostAt(last: SqlError, answers: readonly Answer[], count: number): SqlError {
  const undone = ENDED_BY_SERVER.includes(last.errno) && answers.length > 0 &&
    answers.length < count - 1 &&
    answers.every((answer) => answer instanceof SqlError || isInTransaction(answer));
  return new SqlError(undone ? "connect_failed" : "connection_lost", last.message, { cause: last });
}

function isInTransaction(answer: Rows | Ok): boolean {
  return answer.kind === "rows" || answer.inTransaction;
}
