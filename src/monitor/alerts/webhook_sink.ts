import type { Clock, Timer } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import type { Random } from "../../core/random.ts";
import type { Notice } from "./alert_engine.ts";
import type { AlertSink } from "./alert_sink.ts";
import { secretKey, signedHeaders } from "./webhook_signature.ts";

/** Where alerts are sent. */
export interface WebhookTarget {
  /** `http:` or `https:`; only its host is ever said in the log. */
  readonly url: string;
  /** `whsec_` and base64, or any text. */
  readonly secret: string;
}

/** What a sink of one webhook is made of. */
export interface WebhookSinkOptions extends WebhookTarget {
  /** The fleet's name, which is told with each alert. */
  readonly fleet: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** How long one attempt may take. @default {10_000} */
  readonly attemptMs?: number;
  /** The pause after the first attempt that failed; it doubles up to a minute. @default {1_000} */
  readonly pauseMs?: number;
}

/** Messages that wait at most; the oldest is dropped for a new one. */
export const MAX_WAITING = 100;
/** Messages that are remembered, so that none is sent anew that was told of again. */
const MAX_REMEMBERED = 1_000;
/** Attempts per message: with their pauses some five minutes where each fails at once. */
const ATTEMPTS = 11;
const LONGEST_PAUSE_MS = 60_000;

interface Message {
  readonly id: string;
  readonly body: string;
}

type Delivery = "delivered" | "failed" | "gone";

/**
 * Sends alerts to one webhook, signed by the Standard Webhooks scheme, in the order in which they
 * happened: a message that fails is tried again, with pauses that grow and that differ between
 * processes, and those behind it wait. Any answer of 2xx is success; after 410 the webhook is sent
 * nothing more until the process starts again. What cannot be delivered is said in the log.
 *
 * A receiver may get a message twice, under the same `webhook-id`: from this process where its answer
 * was lost, and from another one that takes over and cannot know what was delivered.
 */
export class WebhookSink implements AlertSink {
  readonly #options: WebhookSinkOptions;
  readonly #key: Uint8Array;
  readonly #host: string;
  #waiting: Message[] = [];
  readonly #taken = new Set<string>();
  #dropped = 0;
  #working: Promise<void> | undefined;
  #gone = false;
  #stopped = false;
  /** Ends the attempt or the pause that is under way. */
  #interrupt: (() => void) | undefined;

  /** @throws {TypeError} if the address or the secret cannot be used */
  constructor(options: WebhookSinkOptions) {
    this.#options = options;
    this.#key = secretKey(options.secret);
    this.#host = new URL(options.url).host;
  }

  tell({ kind, alert }: Notice): void {
    if (this.#stopped || this.#gone) return;
    const { fleet } = this.#options;
    const id = `msg_${alert.id}_${kind}`;
    if (this.#taken.has(id)) return;
    this.#remember(id);
    const at = kind === "raised" ? alert.raisedAt : alert.clearedAt ?? alert.raisedAt;
    const timestamp = new Date(at).toISOString();
    const body = JSON.stringify({ type: `alert.${kind}`, timestamp, data: { fleet, alert } });
    this.#waiting.push({ id, body });
    if (this.#waiting.length > MAX_WAITING) {
      this.#waiting.shift();
      if (this.#dropped++ === 0) this.#warn("alerts are dropped: too many wait for a webhook");
    }
    this.#working ??= this.#work().finally(() => this.#working = undefined);
  }

  #remember(id: string): void {
    this.#taken.add(id);
    for (const oldest of this.#taken) {
      if (this.#taken.size <= MAX_REMEMBERED) break;
      this.#taken.delete(oldest);
    }
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#interrupt?.();
    await this.#working;
  }

  async #work(): Promise<void> {
    // Whoever tells is not held up.
    await Promise.resolve();
    for (;;) {
      const message = this.#stopped || this.#gone ? undefined : this.#waiting.shift();
      if (message === undefined) break;
      await this.#deliver(message);
    }
    const left = this.#waiting.length;
    if (left > 0) this.#warn("alerts were not sent to a webhook", { left });
    this.#waiting = [];
  }

  async #deliver(message: Message): Promise<void> {
    let why = "";
    for (let attempt = 1; attempt <= ATTEMPTS && !this.#stopped; attempt++) {
      const result = await this.#attempt(message);
      why = result.why;
      if (result.delivery === "delivered") {
        if (this.#dropped > 0) this.#warn("alerts were dropped", { dropped: this.#dropped });
        this.#dropped = 0;
        return;
      }
      if (result.delivery === "gone") {
        this.#gone = true;
        return this.#warn("a webhook is gone: it is sent nothing more", { why });
      }
      if (attempt === 1) this.#warn("a webhook does not take alerts", { why });
      if (attempt < ATTEMPTS) await this.#pause(attempt);
    }
    this.#warn("an alert was not sent to a webhook", { message: message.id, why });
  }

  async #attempt(
    { id, body }: Message,
  ): Promise<{ readonly delivery: Delivery; readonly why: string }> {
    const { url, clock, attemptMs = 10_000 } = this.#options;
    const controller = new AbortController();
    const limit = clock.after(attemptMs, () => controller.abort());
    this.#interrupt = () => controller.abort();
    try {
      const timestamp = Math.floor(clock.wallMs() / 1_000);
      const response = await fetch(url, {
        method: "POST",
        body,
        // Where it sends one to is not where the operator wants alerts to go.
        redirect: "manual",
        signal: controller.signal,
        headers: {
          "content-type": "application/json",
          ...signedHeaders({ id, timestamp, body }, this.#key),
        },
      });
      await response.body?.cancel();
      const { status, ok } = response;
      return { delivery: ok ? "delivered" : status === 410 ? "gone" : "failed", why: `${status}` };
    } catch {
      // The error's text has the address, which may hold a secret.
      const why = controller.signal.aborted ? `no answer in ${attemptMs} ms` : "not reachable";
      return { delivery: "failed", why };
    } finally {
      limit.cancel();
      this.#interrupt = undefined;
    }
  }

  #pause(attempt: number): Promise<void> {
    const { clock, random, pauseMs = 1_000 } = this.#options;
    const most = Math.min(pauseMs * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      let timer: Timer | undefined = undefined;
      const end = () => {
        timer?.cancel();
        this.#interrupt = undefined;
        resolve();
      };
      timer = clock.after(most * (0.5 + random.next() / 2), end);
      this.#interrupt = end;
    });
  }

  #warn(message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#options.log.warn(message, { host: this.#host, ...fields });
  }
}
