// @ts-check
/// <reference lib="dom" />
// The fleet's events, for as long as somebody wants them: whatever breaks is begun anew.

import { Problem, send } from "./api.js";
import { SseParser } from "./sse_parser.js";

/** @typedef {import("../../../monitor/fleet_view.ts").FleetView} FleetView */
/** @typedef {import("../../../monitor/alert.ts").Alert} Alert */
/**
 * @typedef {{ kind: "connecting" } | { kind: "live" }
 *   | { kind: "waiting", until: number, why: string }
 *   | { kind: "refused", problem: Problem }} StreamState
 */

/** The service says something each second: a stream that is silent for so long is dead. */
const SILENT_MS = 8_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

/**
 * Listens until `stop` is called, or until the service refuses the key.
 *
 * @param {{
 *   onView: (view: FleetView) => void,
 *   onAlert: (alert: Alert) => void,
 *   onState: (state: StreamState) => void,
 * }} listener
 * @returns {{ stop: () => void }}
 */
export function listen({ onView, onAlert, onState }) {
  let stopped = false;
  let waitMs = FIRST_WAIT_MS;
  /** @type {string | null} */
  let lastId = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let abort = new AbortController();

  async function run() {
    abort = new AbortController();
    onState({ kind: "connecting" });
    try {
      await read(abort);
      again("The service ended the stream");
    } catch (error) {
      if (stopped) return;
      const problem = error instanceof Problem ? error : undefined;
      if (problem?.status === 401 || problem?.status === 403) {
        stopped = true;
        onState({ kind: "refused", problem });
      } else again(problem?.message ?? "The connection broke", problem?.retryAfterMs);
    }
  }

  /** @param {AbortController} controller */
  async function read(controller) {
    const headers = lastId === null ? {} : { "last-event-id": lastId };
    let watchdog = setTimeout(() => controller.abort(), SILENT_MS);
    try {
      const { body } = await send("v1/events", { headers, signal: controller.signal });
      if (body === null) return;
      const parser = new SseParser();
      const reader = body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { value, done } = await reader.read();
        if (done || stopped) return;
        clearTimeout(watchdog);
        watchdog = setTimeout(() => controller.abort(), SILENT_MS);
        for (const { event, data, id } of parser.push(value)) {
          // A stream names none until it tells of an alert; what an earlier one told stays told.
          if (id !== null) lastId = id;
          if (event === "alert") onAlert(JSON.parse(data));
          else if (event === "fleet") {
            waitMs = FIRST_WAIT_MS;
            onState({ kind: "live" });
            onView(JSON.parse(data));
          }
        }
      }
    } finally {
      clearTimeout(watchdog);
    }
  }

  /**
   * @param {string} why
   * @param {number} [atLeastMs]
   */
  function again(why, atLeastMs = 0) {
    if (stopped) return;
    // Many pages must not come back in the same instant.
    const delayMs = Math.max(atLeastMs, waitMs) * (0.75 + Math.random() / 2);
    waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2);
    onState({ kind: "waiting", until: Date.now() + delayMs, why });
    timer = setTimeout(() => void run(), delayMs);
  }

  void run();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
      abort.abort();
    },
  };
}
