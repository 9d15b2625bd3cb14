import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { cutSql } from "../../src/query/sql_pieces.ts";
import { scanSql } from "../../src/query/sql_scanner.ts";

function params(sql: string): string[] {
  return scanSql(sql).tokens.filter(({ kind }) => kind === "param").map(({ text }) => text);
}

const PLACES: readonly (readonly [string, readonly string[]])[] = [
  ["SELECT :a, :b_2", ["a", "b_2"]],
  ["SELECT ':a', \":b\", `:c`, :d", ["d"]],
  ["SELECT 'it''s :a' , :b", ["b"]],
  ["SELECT 'back\\' :a', :b", ["b"]],
  ['SELECT "q"":a", :b', ["b"]],
  ["SELECT `x``:a`, :b", ["b"]],
  ["SELECT 1 -- :a\n, :b", ["b"]],
  ["SELECT 1 # :a\n, :b", ["b"]],
  ["SELECT /* :a\n ' */ :b", ["b"]],
  ["SELECT 1--:a", ["a"]],
  ["SELECT a::b", []],
  ["SELECT id=:id,:id", ["id", "id"]],
  ["SELECT _utf8mb4':a' , :b", ["b"]],
];

for (const [sql, expected] of PLACES) {
  Deno.test(`scanSql finds ${expected.join(" ") || "nothing"} when it reads ${JSON.stringify(sql)}`, () => {
    assertEquals(params(sql), [...expected]);
  });
}

const FAULTS: readonly (readonly [string, number, string])[] = [
  ["SELECT 'open", 0, "the text that begins with ' is not closed"],
  ["SELECT\n`open", 1, "the text that begins with ` is not closed"],
  ["SELECT /* open", 0, "the text that begins with /* is not closed"],
  ["SELECT ?", 0, "a bare ? is not a parameter: write :name and declare it"],
  ["SELECT : a", 0, "a colon must begin a parameter's name, such as :playerId"],
  ["SELECT /*!50000 1 */", 0, "executable comments /*! … */ are not allowed"],
  ["SELECT /*M! 1 */", 0, "executable comments /*! … */ are not allowed"],
  ["SELECT 1;\nSELECT 2", 1, "holds more than one statement: begin each with -- name:"],
];

for (const [sql, line, message] of FAULTS) {
  Deno.test(`scanSql refuses when it reads ${JSON.stringify(sql)}`, () => {
    assertEquals([...scanSql(sql).faults], [{ line, message }]);
  });
}

Deno.test("scanSql keeps hints and drops comments and the last semicolon when it returns the SQL", () => {
  const { sql, faults } = scanSql(
    "SELECT /*+ NO_ICP(t) */ 1 -- one\nFROM t /* two */ ;; \n# three\n",
  );
  assertEquals([sql.replaceAll(/\s+/g, " "), faults], ["SELECT /*+ NO_ICP(t) */ 1 FROM t", []]);
});

Deno.test("scanSql counts lines through strings and comments when it places tokens", () => {
  const { tokens } = scanSql("SELECT 'a\nb' /* c\n\n */ ,\n:x");
  assertEquals(tokens.at(-1)?.line, 4);
});

Deno.test("cutSql marks parameters as bare only when they stand in LIMIT, OFFSET or FETCH", () => {
  const sql = "SELECT :a FROM t WHERE offset = :b LIMIT :c OFFSET :d";
  const bare = (text: string) => {
    const scanned = scanSql(text);
    return cutSql(scanned.sql, scanned.tokens).flatMap((piece) =>
      "param" in piece && piece.bare ? piece.param : []
    );
  };
  assertEquals(bare(sql), ["c", "d"]);
  assertEquals(bare("SELECT 1 FROM t LIMIT :a, :b"), ["a", "b"]);
  assertEquals(bare("SELECT 1 FROM t LIMIT 5, :b"), ["b"]);
  assertEquals(bare("SELECT 1 FROM t FETCH FIRST :n ROWS ONLY"), ["n"]);
  assertEquals(bare("SELECT 1 FROM t WHERE a IN (:a, :b) AND c = f(1, :c)"), []);
});

/** Pieces of SQL in which no parameter may be seen, whatever they hold. */
const inner = fc.string({
  unit: fc.constantFrom(":a", "'", '"', "`", "\\", "--", "#", "/*", "*/", "\n", "x", " ", ";", "?"),
});
const hidden = fc.oneof(
  inner.map((text) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`),
  inner.map((text) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`),
  inner.map((text) => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '""')}"`),
  inner.map((text) => "`n" + text.replaceAll("`", "``") + "`"),
  inner.map((text) => `-- ${text.replaceAll("\n", " ")}\n`),
  inner.map((text) => `#${text.replaceAll("\n", " ")}\n`),
  inner.map((text) => `/* ${text.replaceAll("*/", "")} */`).filter((text) =>
    text.indexOf("*/") === text.length - 2
  ),
);

Deno.test("scanSql sees exactly the parameters outside strings, names and comments when they are mixed", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          hidden.map((text) => ({ text, param: undefined })),
          fc.stringMatching(/^[a-z]\w{0,5}$/).map((param) => ({ text: `:${param}`, param })),
        ),
      ),
      (parts) => {
        const scanned = scanSql(parts.map(({ text }) => text).join(" , "));
        assertEquals(scanned.faults, []);
        const seen = scanned.tokens.flatMap(({ kind, text }) => kind === "param" ? [text] : []);
        assertEquals(seen, parts.flatMap(({ param }) => param ?? []));
      },
    ),
    { numRuns: 2_000 },
  );
});

Deno.test("cutSql loses no character of the SQL when its pieces are joined again", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(":a", " ", "'", "(", ")", "LIMIT", ",", "1", "b", "\n") }),
      (text) => {
        const { sql, tokens, faults } = scanSql(text);
        if (faults.length > 0) return;
        const joined = cutSql(sql, tokens).map((piece) =>
          "text" in piece ? piece.text : `:${piece.param}`
        );
        assertEquals(joined.join(""), sql);
      },
    ),
    { numRuns: 2_000 },
  );
});
