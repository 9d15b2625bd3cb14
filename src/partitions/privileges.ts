import { quoteName } from "./sql_text.ts";

/** What upkeep needs beyond reading and writing rows. */
export type UpkeepPrivilege = "ALTER" | "DROP" | "LOCK TABLES";

const ON_TABLE: readonly UpkeepPrivilege[] = ["ALTER", "DROP"];
const ALL: readonly UpkeepPrivilege[] = [...ON_TABLE, "LOCK TABLES"];
const GRANT = /^GRANT (.+?) ON (?:TABLE )?(\*|`(?:[^`]|``)+`)\.(\*|`(?:[^`]|``)+`) TO /;

/**
 * The privileges that an account lacks for the upkeep of a table.
 *
 * @param grants what SHOW GRANTS says of the account and its role, line by line
 * @example
 * ```ts
 * import { missingPrivileges } from "./privileges.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const grants = ["GRANT SELECT, LOCK TABLES ON `game`.* TO `app`@`%`"];
 * const missing = missingPrivileges(grants, { database: "game", table: "log", drops: true });
 * assertEquals(missing, ["ALTER", "DROP"]);
 * ```
 */
export function missingPrivileges(
  grants: readonly string[],
  options: { readonly database: string; readonly table: string; readonly drops: boolean },
): readonly UpkeepPrivilege[] {
  const { database, table, drops } = options;
  const held = new Set<string>();
  for (const grant of grants) {
    const [, list = "", schema = "", name = ""] = GRANT.exec(grant) ?? [];
    const covers = (schema === "*" || matches(schema, database)) &&
      (name === "*" || unquote(name) === table);
    if (!covers) continue;
    for (const privilege of list.split(",")) {
      const word = privilege.trim().toUpperCase();
      if (!word.startsWith("ALL")) held.add(word);
      // There is no LOCK TABLES on a table alone.
      else for (const each of name === "*" ? ALL : ON_TABLE) held.add(each);
    }
  }
  return ALL.filter((privilege) => (drops || privilege !== "DROP") && !held.has(privilege));
}

/** What an administrator has to run; the account is left to fill in. */
export function grantText(
  missing: readonly UpkeepPrivilege[],
  options: { readonly database: string; readonly table: string },
): string {
  const database = quoteName(options.database);
  const onTable = missing.filter((privilege) => privilege !== "LOCK TABLES");
  return [
    ...(onTable.length === 0
      ? []
      : [`GRANT ${onTable.join(", ")} ON ${database}.${quoteName(options.table)} TO …`]),
    ...(missing.includes("LOCK TABLES") ? [`GRANT LOCK TABLES ON ${database}.* TO …`] : []),
  ].join("; ");
}

/** A database in a grant is a pattern of LIKE. */
function matches(quoted: string, database: string): boolean {
  const pattern = unquote(quoted).replaceAll(
    /\\(.)|([%_])|([^\w%])/g,
    (_, escaped, wild, other) => wild === "%" ? ".*" : wild === "_" ? "." : `\\${escaped ?? other}`,
  );
  return new RegExp(`^${pattern}$`).test(database);
}

function unquote(name: string): string {
  return name.slice(1, -1).replaceAll("``", "`");
}
