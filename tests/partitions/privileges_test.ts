import { assertEquals } from "@std/assert";
import {
  grantTexts,
  missingPrivileges,
  type UpkeepPrivilege,
} from "../../src/partitions/privileges.ts";

const TABLE = { database: "my_game", table: "log" };
const NEEDED: readonly UpkeepPrivilege[] = ["ALTER", "DROP", "LOCK TABLES"];

const CASES: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ["nothing is granted", ["GRANT USAGE ON *.* TO `app`@`%`"], ["ALTER", "DROP", "LOCK TABLES"]],
  ["all is granted everywhere", ["GRANT ALL PRIVILEGES ON *.* TO `app`@`%`"], []],
  ["all is granted on the database", ["GRANT ALL PRIVILEGES ON `my\\_game`.* TO `app`@`%`"], []],
  ["all is granted on the table", ["GRANT ALL PRIVILEGES ON `my_game`.`log` TO `app`@`%`"], [
    "LOCK TABLES",
  ]],
  ["a pattern fits", ["GRANT ALTER, DROP, LOCK TABLES ON `my%`.* TO PUBLIC"], []],
  ["an escaped pattern does not fit", ["GRANT ALTER, DROP, LOCK TABLES ON `my\\%`.* TO `a`@`%`"], [
    "ALTER",
    "DROP",
    "LOCK TABLES",
  ]],
  ["another table is meant", [
    "GRANT ALTER, DROP ON `my_game`.`logs` TO `app`@`%`",
    "GRANT LOCK TABLES ON `my_game`.* TO `app`@`%`",
  ], ["ALTER", "DROP"]],
  ["a role has it", [
    "GRANT `upkeep` TO `app`@`%`",
    "GRANT SELECT, LOCK TABLES ON `my_game`.* TO `app`@`%`",
    "GRANT DROP, ALTER ON `my_game`.`log` TO `upkeep`",
  ], []],
];

for (const [when, grants, missing] of CASES) {
  Deno.test(`missingPrivileges reads SHOW GRANTS when ${when}`, () => {
    assertEquals(missingPrivileges(grants, { ...TABLE, needed: NEEDED }), missing);
  });
}

Deno.test("grantTexts names the table and the database", () => {
  assertEquals(
    grantTexts(["ALTER", "DROP", "LOCK TABLES"], TABLE),
    [
      "GRANT ALTER, DROP ON `my_game`.`log` TO …",
      "GRANT LOCK TABLES ON `my_game`.* TO …",
    ],
  );
});
