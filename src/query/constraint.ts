import type { SqlError } from "../drivers/mysql.ts";

/** What broke a rule of the schema, as `constraint_violation` tells it. */
export interface Constraint {
  readonly kind: "unique" | "foreign_key" | "check" | "not_null" | "range" | "length" | "type";
  /**
   * The key's, constraint's or column's name, or what a trigger or procedure says with its SIGNAL; empty
   * where the server does not tell.
   */
  readonly name: string;
}

/** Where the server's text does not name what was broken. */
const UNNAMED = /(?!)/;
/** Server errors that say a rule of the schema was broken; the pattern finds the rule's name. */
const BY_NUMBER: Readonly<Record<number, readonly [Constraint["kind"], RegExp]>> = {
  1022: ["unique", /key '([^']*)'$/],
  1062: ["unique", /for key '([^']*)'$/],
  1586: ["unique", /for key '([^']*)'$/],
  1216: ["foreign_key", /CONSTRAINT `([^`]*)`/],
  1217: ["foreign_key", /CONSTRAINT `([^`]*)`/],
  1451: ["foreign_key", /CONSTRAINT `([^`]*)`/],
  1452: ["foreign_key", /CONSTRAINT `([^`]*)`/],
  3819: ["check", /constraint '([^']*)'/],
  4025: ["check", /CONSTRAINT `([^`]*)`/],
  1048: ["not_null", /Column '([^']*)'/],
  1364: ["not_null", /Field '([^']*)'/],
  1264: ["range", /column (?:`[^`]*`\.`[^`]*`\.)?[`']([^`']*)[`']/],
  // Of a table whose ids have run out.
  1467: ["range", UNNAMED],
  1526: ["range", UNNAMED],
  1301: ["length", UNNAMED],
  1406: ["length", /column '([^']*)'/],
  1265: ["type", /column '([^']*)'/],
  1292: ["type", /column (?:`[^`]*`\.`[^`]*`\.)?[`']([^`']*)[`']/],
  1366: ["type", /column (?:`[^`]*`\.`[^`]*`\.)?[`']([^`']*)[`']/],
  // What a function cannot read: patterns, instants, JSON.
  1139: ["type", UNNAMED],
  1411: ["type", UNNAMED],
  4035: ["type", UNNAMED],
  4036: ["type", UNNAMED],
  4037: ["type", UNNAMED],
  4038: ["type", UNNAMED],
  4039: ["type", UNNAMED],
  4040: ["type", UNNAMED],
  // Letters that a column's character set does not have.
  1267: ["type", UNNAMED],
  1270: ["type", UNNAMED],
  1271: ["type", UNNAMED],
  1300: ["type", UNNAMED],
  1977: ["type", UNNAMED],
  3854: ["type", UNNAMED],
  3988: ["type", UNNAMED],
};
/** SQLSTATEs of data exceptions that are not of a wrong type: too long, or outside a range. */
const BY_STATE: Readonly<Record<string, Constraint["kind"]>> = {
  "22001": "length",
  "22003": "range",
  "22008": "range",
  "22012": "range",
};

const SENTENCES: Readonly<Record<Constraint["kind"], string>> = {
  unique: "a row with this key exists already",
  foreign_key: "a row that this one refers to is missing, or rows refer to this one",
  check: "a value breaks a check of the table",
  not_null: "a column must have a value",
  range: "a value is outside its column's range",
  length: "a value is too long for its column",
  type: "a value does not have its column's type",
};

/** The rule that a server's error says was broken; `undefined` where it says something else. */
export function brokenConstraint(
  { errno, sqlState, message }: Pick<SqlError, "errno" | "sqlState" | "message">,
): Constraint | undefined {
  const known = BY_NUMBER[errno];
  if (known !== undefined) {
    const [kind, pattern] = known;
    return { kind, name: pattern.exec(message)?.[1] ?? "" };
  }
  // A SIGNAL's text is its author's, for whoever called.
  if (sqlState.startsWith("45")) return { kind: "check", name: message };
  return sqlState.startsWith("22") ? { kind: BY_STATE[sqlState] ?? "type", name: "" } : undefined;
}

/** The same as a sentence without SQL and without values, which the server's own text may quote. */
export function describeConstraint({ kind }: Constraint): string {
  return SENTENCES[kind];
}
