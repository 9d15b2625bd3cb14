import type { Outcome } from "./events.ts";
import type { HttpResult } from "./kept_connection.ts";

/** A request that was sent. */
export type SentResult = Exclude<HttpResult, { readonly kind: "not_sent" }>;

/** The only answer in that of a batch, as if it had been asked for alone. */
export function unpackBatch(result: HttpResult): HttpResult {
  if (result.kind !== "answered" || result.status !== 200) return result;
  const [{ status, body }] = JSON.parse(result.body).results;
  return { ...result, status, body: JSON.stringify(body) };
}

/** How a request ended. */
export function outcomeOf(result: SentResult): Outcome {
  if (result.kind !== "answered") return result.kind;
  return result.status === 200 || result.status === 304 ? "answered" : "failed";
}

/** What went wrong; `""` where nothing did. */
export function codeOf(result: SentResult): string {
  if (result.kind !== "answered") return result.kind;
  if (outcomeOf(result) === "answered") return "";
  return `${result.status} ${/"code":"(\w+)"/.exec(result.body)?.[1] ?? ""}`;
}

/** Whether an answer says that nothing was applied. */
export function isNotApplied(result: HttpResult): boolean {
  return result.kind === "answered" && /"outcome":"not_applied"/.test(result.body);
}

/** The version that an answer tells; 0 where there is no row yet. */
export function versionIn(result: HttpResult): number | undefined {
  if (result.kind !== "answered" || result.status !== 200) return undefined;
  if (/"data":null/.test(result.body)) return 0;
  const version = Number(/"version":"?(\d+)/.exec(result.body)?.[1]);
  return Number.isSafeInteger(version) ? version : undefined;
}
