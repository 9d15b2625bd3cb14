import type { SqlToken } from "./sql_scanner.ts";

/** Functions that answer the same for the same rows; whatever else is called may not. */
const STEADY = new Set(
  ("COUNT SUM MIN MAX AVG GROUP_CONCAT STD STDDEV STDDEV_POP STDDEV_SAMP VARIANCE VAR_POP VAR_SAMP " +
    "BIT_AND BIT_OR BIT_XOR JSON_ARRAYAGG JSON_OBJECTAGG ROW_NUMBER RANK DENSE_RANK NTILE LAG LEAD " +
    "FIRST_VALUE LAST_VALUE PERCENT_RANK CUME_DIST COALESCE IFNULL NULLIF IF ISNULL GREATEST LEAST " +
    "CAST CONVERT CONCAT CONCAT_WS LOWER UPPER LCASE UCASE TRIM LTRIM RTRIM LEFT RIGHT SUBSTRING " +
    "SUBSTR MID SUBSTRING_INDEX LENGTH CHAR_LENGTH OCTET_LENGTH REPLACE REVERSE LPAD RPAD INSTR " +
    "LOCATE POSITION FIELD FIND_IN_SET ELT HEX UNHEX FORMAT ABS CEIL CEILING FLOOR ROUND TRUNCATE MOD " +
    "POW POWER SQRT SIGN LOG LN EXP DATE TIME YEAR MONTH DAY HOUR MINUTE SECOND DATE_FORMAT DATE_ADD " +
    "DATE_SUB DATEDIFF TIMEDIFF TIMESTAMPDIFF TIMESTAMPADD TO_DAYS FROM_DAYS LAST_DAY WEEK WEEKDAY " +
    "DAYOFWEEK DAYOFMONTH DAYOFYEAR QUARTER EXTRACT STR_TO_DATE JSON_EXTRACT JSON_VALUE JSON_QUERY " +
    "JSON_UNQUOTE JSON_OBJECT JSON_ARRAY JSON_LENGTH JSON_CONTAINS JSON_KEYS JSON_SEARCH JSON_TYPE " +
    "JSON_VALID JSON_SET JSON_MERGE_PATCH JSON_TABLE MD5 SHA1 SHA2 CRC32 IN VALUES AND OR NOT XOR " +
    "EXISTS ON USING OVER AS ANY ALL SOME WHERE SELECT FROM JOIN BETWEEN WHEN THEN ELSE CASE LIKE " +
    "UNION EXCEPT INTERSECT HAVING BY LIMIT INDEX KEY PARTITION DISTINCT DECIMAL CHAR BINARY IS " +
    "DATETIME INTERVAL").split(" "),
);

/**
 * Whether two calls of a read with the same parameters may have one answer: it calls nothing that
 * could give each another value, such as RAND() or a stored function, and locks nothing.
 */
export function isRepeatable(tokens: readonly SqlToken[]): boolean {
  return tokens.every((token, at) => {
    if (token.kind === "word" && token.text.startsWith("@")) return false;
    const next = tokens[at + 1];
    if (token.kind === "word" && (token.upper === "FOR" || token.upper === "LOCK")) {
      return token.upper === "FOR" && !["UPDATE", "SHARE"].includes(next?.upper ?? "") &&
        tokens[at - 1]?.upper !== "VALUE";
    }
    const calls = next?.kind === "symbol" && next.text === "(";
    const named = token.kind === "identifier" || token.kind === "word";
    return !named || !calls || STEADY.has(token.upper) || isTable(tokens, at);
  });
}

/** Such as `name (` of `WITH name (a, b) AS`, which is no call. */
function isTable(tokens: readonly SqlToken[], at: number): boolean {
  return ["WITH", "RECURSIVE"].includes(tokens[at - 1]?.upper ?? "");
}
