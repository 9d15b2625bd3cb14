import { assertEquals } from "@std/assert";
import type { Answer } from "./client.ts";

/** An answer is a whole problem document of this status and code. */
export function assertProblem(answer: Answer, status: number, code: string): void {
  assertEquals([answer.status, answer.body["code"]], [status, code], answer.text);
  assertEquals(answer.headers.get("content-type"), "application/problem+json");
  const { type, title, detail, requestId, outcome, retry } = answer.body;
  for (const member of [type, title, detail, requestId, outcome, retry]) {
    assertEquals(typeof member, "string", answer.text);
  }
  assertEquals(answer.headers.get("x-request-id"), requestId);
  assertEquals(answer.headers.has("retry-after"), status === 503 || status === 429);
}
