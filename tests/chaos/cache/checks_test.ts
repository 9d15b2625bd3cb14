import { assertEquals } from "@std/assert";
import { findHung, longestMs } from "./check_liveness.ts";
import { findLostWrites, findStaleReads } from "./check_staleness.ts";
import type { Proof, ReadEvent, RequestEvent } from "./events.ts";

const proof = (at: number, version: number, acknowledgedOn?: string): Proof => ({
  key: 1,
  version,
  at,
  acknowledgedOn,
});

function read(startedAt: number, version: number | undefined, more: Partial<ReadEvent> = {}) {
  const event: ReadEvent = {
    key: 1,
    statement: "player.get",
    form: "get",
    connection: "r/1",
    process: 0,
    startedAt,
    endedAt: startedAt + 5,
    outcome: version === undefined ? "failed" : "answered",
    code: "",
    version,
    source: "cache",
    ...more,
  };
  return event;
}

Deno.test("findStaleReads counts from the first proof of a newer version to the read's start", () => {
  const proofs = [proof(0, 1), proof(100, 2), proof(200, 3)];
  const agesOf = (reads: readonly ReadEvent[]) => findStaleReads(reads, proofs).map(({ ms }) => ms);
  assertEquals(agesOf([read(50, 1), read(150, 2), read(250, 3), read(250, 4)]), []);
  assertEquals(agesOf([read(150, 1), read(250, 1), read(250, 2)]), [50, 150, 50]);
  // What became known only after the read had begun is not held against it.
  assertEquals(agesOf([read(99, 1, { endedAt: 500 })]), []);
});

Deno.test("findStaleReads holds nothing against reads of other keys, or without an answer", () => {
  const proofs = [proof(0, 5)];
  assertEquals(findStaleReads([read(50, undefined), read(50, 1, { key: 2 })], proofs), []);
});

Deno.test("findStaleReads takes proofs in any order, and older ones change nothing", () => {
  // A strong read that was answered late saw what was outdated by then.
  const proofs = [proof(200, 3), proof(300, 2), proof(0, 1)];
  assertEquals(findStaleReads([read(350, 2)], proofs).map(({ ms }) => ms), [150]);
  assertEquals(findStaleReads([read(350, 3)], proofs), []);
});

Deno.test("findLostWrites knows only of writes that the read's own connection acknowledged", () => {
  const proofs = [proof(100, 2, "a/1"), proof(200, 3)];
  const lost = (connection: string, startedAt: number, version: number) =>
    findLostWrites([read(startedAt, version, { connection })], proofs).length;
  assertEquals([lost("a/1", 101, 1), lost("a/1", 101, 2), lost("a/1", 99, 1)], [1, 0, 0]);
  // After a new connection it may be another isolate, and what a strong read saw is nobody's own.
  assertEquals([lost("a/2", 101, 1), lost("a/1", 300, 2)], [0, 0]);
});

Deno.test("findHung excuses requests to processes that were stopped or killed, and no others", () => {
  const request = (outcome: RequestEvent["outcome"], process: number) =>
    read(1_000, undefined, { outcome, process, endedAt: 1_500 });
  const disturbances = [{ from: 1_200, to: 1_300, processes: [1] }];
  const hung = (outcome: RequestEvent["outcome"], process: number) =>
    findHung([request(outcome, process)], disturbances).length;
  assertEquals([hung("unanswered", 0), hung("closed", 0), hung("failed", 0)], [1, 1, 0]);
  assertEquals([hung("unanswered", 1), hung("closed", 1)], [0, 0]);
  const late = [{ from: 1_501, to: 1_600, processes: [0] }];
  assertEquals(findHung([request("unanswered", 0)], late).length, 1);
});

Deno.test("longestMs leaves out requests that a stopped process kept waiting", () => {
  const requests = [read(0, 1, { endedAt: 900 }), read(0, 1, { process: 1, endedAt: 40 })];
  assertEquals(longestMs(requests, []), 900);
  assertEquals(longestMs(requests, [{ from: 100, to: 800, processes: [0] }]), 40);
});
