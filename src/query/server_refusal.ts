import type { SqlError } from "../drivers/mysql.ts";

/**
 * Why a server refuses a statement, in a sentence's end without SQL text and without values; names
 * of tables and columns are told, for whoever reads it must find them.
 */
export function describeRefusal(error: SqlError): string {
  const quoted = /'([^']*)'/.exec(error.message)?.[1] ?? "";
  switch (error.errno) {
    case 1146:
      return `the table ${quoted.split(".").at(-1)} does not exist`;
    case 1054:
      return `the column ${quoted} does not exist`;
    case 1064: {
      const line = / at line (\d+)$/.exec(error.message)?.[1];
      return `the server cannot read its SQL${line === undefined ? "" : ` (line ${line} of it)`}`;
    }
    case 1305:
      return `the function ${quoted || "that it calls"} does not exist`;
    case 1044:
    case 1142:
    case 1143:
    case 1370:
      return "the account may not run it";
    case 1049:
      return "the database does not exist";
    case 1136:
      return "the numbers of columns and values differ";
    case 1052:
      return `the column ${quoted} could be of several tables`;
    default:
      return `the server refuses it with error ${error.errno} (${error.sqlState})`;
  }
}
