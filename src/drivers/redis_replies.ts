import { RealmgateError } from "../core/errors.ts";

/**
 * Replies of a server that is not the one to write to: it was demoted, loads its data, lost its
 * master or its part of the cluster. A new connection may reach the right one.
 */
const WRONG_SERVER = /^(READONLY|LOADING|MASTERDOWN|UNBLOCKED|CLUSTERDOWN)\b/;

/** Whether an error is the server's own reply, beginning with `prefix`. */
export function isReply(error: unknown, prefix = ""): boolean {
  const reply = causeOf(error);
  return reply instanceof Error && reply.name === "ReplyError" && reply.message.startsWith(prefix);
}

/** Whether the server's reply means that its connection must be made anew. */
export function isWrongServer(error: unknown): boolean {
  return isReply(error) && WRONG_SERVER.test(messageOf(error));
}

/** What a log may say of an error: the driver's text, where one of ours wraps it. */
export function messageOf(error: unknown): string {
  const cause = causeOf(error);
  return cause instanceof Error ? cause.message : String(cause);
}

/** The error that callers see; every way in which Redis gives no good answer. */
export function unavailable(outcome: "not_applied" | "unknown", cause: unknown): RealmgateError {
  return new RealmgateError("redis_unavailable", "Cannot reach Redis: it gives no good answer", {
    outcome,
    cause,
    retryAfterMs: 1_000,
  });
}

function causeOf(error: unknown): unknown {
  return error instanceof RealmgateError ? error.cause : error;
}
