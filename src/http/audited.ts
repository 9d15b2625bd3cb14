import type { AuditAction } from "../monitor/audit_log.ts";
import type { Parts } from "./parts.ts";
import { toRealmgateError } from "./problem.ts";

/** What an operator asks for. */
export interface AuditedAction<Result> {
  /** The name of the API key. */
  readonly by: string;
  readonly action: AuditAction;
  readonly target: string;
  /** What to note of a result. @default {nothing} */
  readonly describe?: (result: Result) => string | undefined;
}

/**
 * Does what an operator asks for, and notes how it ended: `done`, or the code of what it failed with.
 * It takes no longer for that, and fails as `work` does.
 */
export async function audited<Result>(
  { audit }: Pick<Parts, "audit">,
  asked: AuditedAction<Result>,
  work: () => Promise<Result>,
): Promise<Result> {
  const { describe, ...action } = asked;
  try {
    const result = await work();
    audit.record({ ...action, outcome: "done", detail: describe?.(result) });
    return result;
  } catch (error) {
    audit.record({ ...action, outcome: toRealmgateError(error).code });
    throw error;
  }
}
