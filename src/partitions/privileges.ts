import { quoteName } from "./sql_text.ts";

/** What upkeep needs beyond reading and writing rows. */
export type UpkeepPrivilege = "ALTER" | "CREATE" | "DROP" | "INSERT" | "LOCK TABLES";

/** What is needed on a table; `LOCK TABLES` can be granted on its database only. */
export interface NeededPrivileges {
  readonly database: string;
  readonly table: string;
  readonly needed: readonly UpkeepPrivilege[];
}

const GRANT = /^GRANT (.+?) ON (?:TABLE )?(\*|`(?:[^`]|``)+`)\.(\*|`(?:[^`]|``)+`) TO /;

/**
 * The needed privileges that an account lacks.
 *
 * @param grants what SHOW GRANTS says of the account and its role, line by line
 * @example
 * ```ts
 * import { missingPrivileges } from "./privileges.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const grants = ["GRANT SELECT, LOCK TABLES ON `game`.* TO `app`@`%`"];
 * const missing = missingPrivileges(grants, {
 *   database: "game",
 *   table: "log",
 *   needed: ["ALTER", "LOCK TABLES"],
 * });
 * assertEquals(missing, ["ALTER"]);
 * ```
 */
export function missingPrivileges(
  grants: readonly string[],
  { database, table, needed }: NeededPrivileges,
): readonly UpkeepPrivilege[] {
  const held = new Set<string>();
  for (const grant of grants) {
    const [, list = "", schema = "", name = ""] = GRANT.exec(grant) ?? [];
    const covers = (schema === "*" || matches(schema, database)) &&
      (name === "*" || unquote(name) === table);
    if (!covers) continue;
    for (const privilege of list.split(",")) {
      const word = privilege.trim().toUpperCase();
      if (!word.startsWith("ALL")) held.add(word);
      else {
        for (const each of needed) if (name === "*" || each !== "LOCK TABLES") held.add(each);
      }
    }
  }
  return needed.filter((privilege) => !held.has(privilege));
}

/** What an administrator has to run; the account is left to fill in. */
export function grantTexts(
  missing: readonly UpkeepPrivilege[],
  options: { readonly database: string; readonly table: string },
): string[] {
  const database = quoteName(options.database);
  const onTable = missing.filter((privilege) => privilege !== "LOCK TABLES");
  return [
    ...(onTable.length === 0
      ? []
      : [`GRANT ${onTable.join(", ")} ON ${database}.${quoteName(options.table)} TO …`]),
    ...(missing.includes("LOCK TABLES") ? [`GRANT LOCK TABLES ON ${database}.* TO …`] : []),
  ];
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
