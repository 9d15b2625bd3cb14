/** Privileges that let an account write to a read-only server, and so break replication. */
const TOO_MUCH: ReadonlySet<string> = new Set([
  "ALL PRIVILEGES",
  "SUPER",
  "READ ONLY ADMIN",
  "READ_ONLY ADMIN",
  "CONNECTION_ADMIN",
]);

/**
 * The privilege among an account's grants that the service must not have, or `undefined`.
 *
 * @param grants what SHOW GRANTS says, line by line
 * @example
 * ```ts
 * import { excessPrivilege } from "./account_check.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(excessPrivilege(["GRANT SLAVE MONITOR, SUPER ON *.* TO `app`@`%`"]), "SUPER");
 * ```
 */
export function excessPrivilege(grants: readonly string[]): string | undefined {
  for (const grant of grants) {
    const match = /^GRANT (.+?) ON \*\.\* TO /.exec(grant);
    const privileges = match?.[1]?.split(",").map((privilege) => privilege.trim().toUpperCase());
    const excess = privileges?.find((privilege) => TOO_MUCH.has(privilege));
    if (excess !== undefined) return excess;
  }
  return undefined;
}
