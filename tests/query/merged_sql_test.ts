import { assertEquals } from "@std/assert";
import { mergedPieces } from "../../src/query/merged_sql.ts";
import { scanSql } from "../../src/query/sql_scanner.ts";

function merged(sql: string, column = "id"): string {
  const { sql: text, tokens } = scanSql(sql);
  const pieces = mergedPieces(text, tokens, { column, param: "id" });
  return typeof pieces === "string"
    ? pieces
    : pieces.map((piece) => "text" in piece ? piece.text : `:${piece.param}`).join("");
}

Deno.test("mergedPieces asks for a list of keys and for the key of each row", () => {
  assertEquals(
    merged("SELECT name FROM players WHERE id = :id"),
    "SELECT name , id FROM players WHERE id  IN (:id)",
  );
  assertEquals(
    merged("SELECT a.* FROM a JOIN b ON b.x = a.x WHERE a.k > :min AND id = :id ORDER BY a.y"),
    "SELECT a.* , id FROM a JOIN b ON b.x = a.x WHERE a.k > :min AND id  IN (:id) ORDER BY a.y",
  );
  assertEquals(
    merged("SELECT EXTRACT(YEAR FROM at) y FROM e WHERE `order` = :id", "order"),
    "SELECT EXTRACT(YEAR FROM at) y , `order` FROM e WHERE `order`  IN (:id)",
  );
});

Deno.test("mergedPieces says what is in the way when calls cannot be told apart by their rows", () => {
  const own = "id = :id must stand in the statement's own WHERE";
  assertEquals(merged("SELECT 1 FROM a WHERE x IN (SELECT x FROM b WHERE id = :id)"), own);
  assertEquals(merged("SELECT 1 FROM a LEFT JOIN b ON id = :id WHERE a.x = 1"), own);
  const either = "OR outside parentheses lets a call have rows of another one's key";
  assertEquals(merged("SELECT 1 FROM a WHERE open = 1 OR x = 2 AND id = :id"), either);
  const alone = "id = :id must stand alone between ANDs";
  for (const where of ["NOT id = :id", "x + id = :id", "id = :id + 1", "a = b AND - id = :id"]) {
    assertEquals(merged(`SELECT 1 FROM a WHERE ${where}`), alone);
  }
  assertEquals(
    merged("SELECT 1 FROM a p WHERE (x = 1 OR y IS NOT NULL) AND p.id = :id"),
    "SELECT 1 , p.id FROM a p WHERE (x = 1 OR y IS NOT NULL) AND p.id  IN (:id)",
  );
});
