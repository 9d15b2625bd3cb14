import type { AlertFacts } from "../monitor/alerts/alert_facts.ts";
import type { CompiledStatement } from "../query/compiled_statement.ts";

/**
 * What the registry knows of plans that became worse, for alerts; `undefined` until the servers were
 * asked, so that what was raised before a restart is not taken to be over.
 */
export function worsePlans(statements: readonly CompiledStatement[]): AlertFacts["plans"] {
  if (statements.every(({ facts }) => facts === undefined)) return undefined;
  return Object.fromEntries(
    statements.map(({ statement: { name }, facts }) => [name, facts?.planChanges ?? []]),
  );
}
