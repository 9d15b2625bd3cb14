import { assert, assertEquals } from "@std/assert";
import { collationFault } from "../../src/query/key_collation.ts";
import { foldKey } from "../../src/query/shard_key.ts";
import { testDatabase } from "./database.ts";

const PRINTABLE = Array.from({ length: 95 }, (_, n) => String.fromCharCode(32 + n));
/** Pairs that languages take for equal, or that accents and ligatures make so. */
const PAIRS = [
  "ch",
  "ll",
  "aa",
  "ccs",
  "cscs",
  "ae",
  "oe",
  "ss",
  "dz",
  "nj",
  "ij",
  "Th",
  "i",
  "y",
  "v",
  "w",
];

Deno.test("foldKey agrees with every collation that collationFault accepts", async () => {
  await using database = await testDatabase();
  const { rows } = await database.rows(
    `SELECT FULL_COLLATION_NAME FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY
     WHERE CHARACTER_SET_NAME IN ('utf8mb4', 'latin1')`,
  );
  const known = rows.map(([name]) => String(name)).filter((collation) =>
    !collation.includes("_bin") &&
    collationFault({ table: "t", column: "c", dataType: "varchar", collation }, {
        param: "p",
        fold: true,
      }) === undefined
  );
  assert(known.length >= 8, `only ${known.length} collations`);
  const keys = [
    ...PRINTABLE.filter((key) => key !== " "),
    ...PAIRS,
    ...PAIRS.map((key) => key.toUpperCase()),
  ];
  await database.sql(
    "CREATE TABLE words (w VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin)",
  );
  await database.sql(
    `INSERT INTO words VALUES ${keys.map((key) => `(0x${hexOf(key)})`).join(", ")}`,
  );
  for (const collation of known) {
    const charset = collation.startsWith("latin1") ? "latin1" : "utf8mb4";
    const as = (column: string) => `CONVERT(${column} USING ${charset}) COLLATE ${collation}`;
    const equal = await database.rows(
      `SELECT a.w, b.w FROM words a JOIN words b ON ${as("a.w")} = ${as("b.w")} WHERE a.w < b.w`,
    );
    const apart = equal.rows.filter(([a, b]) => foldKey(String(a)) !== foldKey(String(b)));
    assertEquals(apart, [], `${collation} takes keys for equal that are hashed apart`);
  }
});

Deno.test("foldKey is no match when a collation has a language's rules", async () => {
  await using database = await testDatabase();
  const { rows } = await database.rows(
    "SELECT 'ccs' = 'cscs' COLLATE utf8mb4_hungarian_ci, 'i' = 'y' COLLATE utf8mb4_lithuanian_ci",
  );
  assert(rows[0]?.some((equal) => Number(equal) === 1), "no control bites");
  for (const collation of ["utf8mb4_hungarian_ci", "utf8mb4_lithuanian_ci", "utf8mb4_danish_ci"]) {
    const column = { table: "t", column: "c", dataType: "varchar", collation };
    assert(collationFault(column, { param: "p", fold: true }) !== undefined);
  }
});

function hexOf(text: string): string {
  return [...new TextEncoder().encode(text)].map((byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );
}
