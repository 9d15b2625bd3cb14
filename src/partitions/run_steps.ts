import { type Clock, pause } from "../core/clock.ts";
import { type MysqlSession, SqlError } from "../drivers/mysql.ts";
import { type Attempt, runLocked } from "./locked_ddl.ts";
import type { ReportedStep } from "./table_report.ts";

/** How long one step may take, before its session is closed and its outcome is unknown. */
const STEP_TIMEOUT_MS = 60_000;
/** How long to wait before a table that was busy is asked for again; then it is left for later. */
const PAUSES_MS: readonly number[] = [250, 500, 1_000, 2_000];

/**
 * Carries steps out, one after the other, and stops at the first that is not done. After one that is
 * refused it leaves out those of the same kind only: a table that is full of partitions takes no
 * other until some are dropped.
 *
 * @param options.goOn asked before each attempt; what is left stays `planned`
 * @returns the same steps, each with what became of it
 */
export async function runSteps(session: MysqlSession, options: {
  readonly table: string;
  readonly steps: readonly ReportedStep[];
  readonly goOn: () => boolean;
  readonly clock: Clock;
}): Promise<ReportedStep[]> {
  const { steps, goOn, clock } = options;
  const reported: ReportedStep[] = [...steps];
  let refused: ReportedStep["action"] | undefined;
  for (const [at, step] of steps.entries()) {
    if (!goOn()) break;
    if (step.action === refused) continue;
    const beganAt = clock.now();
    const ran = await runStep(session, { ...options, step });
    reported[at] = { ...step, ...ran, tookMs: Math.round(clock.now() - beganAt) };
    if (ran.outcome === "refused") refused = step.action;
    else if (ran.outcome !== "done") break;
  }
  return reported;
}

async function runStep(session: MysqlSession, options: {
  readonly table: string;
  readonly step: ReportedStep;
  readonly goOn: () => boolean;
  readonly clock: Clock;
}): Promise<Pick<ReportedStep, "outcome" | "why">> {
  const { goOn, clock } = options;
  const limit = clock.after(STEP_TIMEOUT_MS, () => session.destroy());
  try {
    for (const pauseMs of [...PAUSES_MS, undefined]) {
      const attempt: Attempt = await runLocked(session, options);
      if (attempt === "done") return { outcome: "done" };
      if (attempt === "filled") {
        return { outcome: "refused", why: "the catch-all was filled meanwhile" };
      }
      if (pauseMs === undefined) break;
      await pause(clock, pauseMs);
      if (!goOn()) break;
    }
    return { outcome: "busy" };
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    // The server's own text is not for callers.
    return error.kind === "server"
      ? { outcome: "refused", why: `the server refuses it with error ${error.errno}` }
      : { outcome: "unknown" };
  } finally {
    limit.cancel();
  }
}
