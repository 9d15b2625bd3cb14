import { createRequire } from "node:module";
import { join } from "node:path";

/**
 * Loads a package from a folder's `node_modules`, in Deno as in Node. Nothing but a peer uses it:
 * what the bench alone needs is not among the project's dependencies, so its form is declared where
 * it is used.
 */
export function packageOf<T>(modules: string, name: string): T {
  return createRequire(join(modules, "package.json"))(name) as T;
}
