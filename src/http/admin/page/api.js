// @ts-check
/// <reference lib="dom" />
// Calls to the service that served the page, with the key of this tab.

import { keyOf } from "./session.js";

/** A proxy may have put the service under a path of its own. */
const ROOT = new URL("../", import.meta.url);
/** A service answers sooner; from one that is gone without a word nothing would ever come. */
const LONGEST_MS = 60_000;

/** What the service answered with instead of what was asked for. */
export class Problem extends Error {
  /**
   * @param {string} detail
   * @param {{ code: string, status: number, retryAfterMs?: number }} rest `status` 0: no answer at all
   */
  constructor(detail, { code, status, retryAfterMs = 0 }) {
    super(detail);
    this.name = "Problem";
    this.code = code;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * Sends a request with the key.
 *
 * @param {string} path such as `v1/locks`, each part encoded
 * @param {RequestInit & { headers?: Record<string, string> }} [options]
 * @returns {Promise<Response>} one that says that all is well
 * @throws {Problem}
 */
export async function send(path, options = {}) {
  const { headers = {}, ...rest } = options;
  const key = keyOf();
  if (key === null) throw new Problem("There is no key", { code: "unauthenticated", status: 401 });
  let response;
  try {
    response = await fetch(new URL(path, ROOT), {
      ...rest,
      cache: "no-store",
      credentials: "omit",
      headers: { ...headers, authorization: `Bearer ${key}` },
    });
  } catch (cause) {
    if (rest.signal?.aborted) throw cause;
    throw new Problem("The service cannot be reached", { code: "unreachable", status: 0 });
  }
  if (response.ok) return response;
  throw await problemOf(response);
}

/**
 * Calls the service, and reads its answer; gives up after a minute.
 *
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<any>}
 * @throws {Problem}
 */
export async function call(method, path, body) {
  const signal = AbortSignal.timeout(LONGEST_MS);
  try {
    const response = await send(path, {
      method,
      signal,
      ...(body === undefined ? {} : {
        body: JSON.stringify(body),
        headers: { "content-type": "application/json" },
      }),
    });
    return await response.json();
  } catch (error) {
    if (!signal.aborted) throw error;
    const detail = "No answer came for a minute: what was asked for may be done all the same";
    throw new Problem(detail, { code: "no_answer", status: 0 });
  }
}

/** @param {Response} response */
async function problemOf(response) {
  const { status } = response;
  try {
    const { code, detail, errors = [], retryAfterMs } = await response.json();
    const faults = errors.map((/** @type {{ param: string, detail: string }} */ fault) =>
      `${fault.param} ${fault.detail}`
    );
    return new Problem([detail, ...faults].join("; "), { code, status, retryAfterMs });
  } catch {
    return new Problem(`The answer was ${status}`, { code: "unknown", status });
  }
}
