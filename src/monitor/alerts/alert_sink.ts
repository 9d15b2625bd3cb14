import type { Log } from "../../core/log.ts";
import type { Notice } from "./alert_engine.ts";

/** Whoever is told of alerts. */
export interface AlertSink {
  /** Takes a notice, at once and without failing; what it does with it is its own affair. */
  tell(notice: Notice): void;
  /** Gives up what was not delivered yet; returns when nothing is under way any more. */
  stop(): Promise<void>;
}

/** Says in the log what was raised, as a warning, and what is over. */
export function logSink(log: Log): AlertSink {
  return {
    tell({ kind, alert, again = false }) {
      if (again) return;
      const { id, rule, subject, severity, summary, value, threshold, flapping } = alert;
      const fields = { id, rule, ...subject, severity, summary };
      if (kind === "raised") log.warn("alert raised", { ...fields, value, threshold, flapping });
      else {log.info("alert cleared", {
          ...fields,
          lastedMs: (alert.clearedAt ?? 0) - alert.raisedAt,
        });}
    },
    stop: () => Promise.resolve(),
  };
}
