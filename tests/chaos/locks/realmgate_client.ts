import type { ContenderSetup } from "./events.ts";
import type { ClientGrant, LockClient, NoGrant } from "./lock_client.ts";

/** What a client waits beyond the wait that it asked for. */
const PATIENCE_MS = 6_000;

/** Realmgate's locks as a game server uses them: over HTTP, validity counted from the sending. */
export class RealmgateClient implements LockClient {
  readonly #setup: ContenderSetup;

  constructor(setup: ContenderSetup) {
    this.#setup = setup;
  }

  async acquire(
    lock: string,
    options: {
      readonly service: number;
      readonly key: string | undefined;
      readonly signal: AbortSignal;
      readonly sentAt: number;
    },
  ): Promise<ClientGrant | NoGrant> {
    const { service, key, signal, sentAt } = options;
    const { ttlMs, waitMs, client } = this.#setup;
    const giveUp = AbortSignal.timeout(waitMs + PATIENCE_MS);
    try {
      const { status, body } = await this.#send(`/v1/locks/${lock}`, {
        method: "POST",
        service,
        body: { ttlMs, waitMs, owner: client },
        headers: key === undefined ? {} : { "idempotency-key": key },
        signal: AbortSignal.any([signal, giveUp]),
      });
      if (status === 201) {
        return {
          token: String(body["token"]),
          fence: String(body["fence"]),
          until: sentAt + Number(body["validForMs"]),
        };
      }
      const code = String(body["code"]);
      return {
        why: code === "lock_held" ? "held" : "failed",
        detail: code,
        sameKey: key !== undefined && body["retry"] === "same_key",
      };
    } catch (error) {
      if (signal.aborted) return { why: "left", detail: "left", sameKey: false };
      return { why: "failed", detail: String(error), sameKey: key !== undefined };
    }
  }

  async renew(
    lock: string,
    options: { readonly token: string; readonly service: number; readonly sentAt: number },
  ): Promise<number | undefined> {
    const { token, service, sentAt } = options;
    try {
      const { status, body } = await this.#send(`/v1/locks/${lock}`, {
        method: "PUT",
        service,
        body: { token, ttlMs: this.#setup.ttlMs },
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      if (status === 200) return sentAt + Number(body["validForMs"]);
      return status === 410 ? 0 : undefined;
    } catch {
      return undefined;
    }
  }

  async release(
    lock: string,
    options: { readonly token: string; readonly service: number },
  ): Promise<boolean> {
    const { token, service } = options;
    try {
      const { body } = await this.#send(`/v1/locks/${lock}`, {
        method: "DELETE",
        service,
        headers: { "realmgate-lock-token": token },
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      return body["released"] === true;
    } catch {
      return false;
    }
  }

  close(): void {}

  async #send(path: string, options: {
    readonly method: string;
    readonly service: number;
    readonly body?: unknown;
    readonly headers?: Readonly<Record<string, string>>;
    readonly signal: AbortSignal;
  }): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }> {
    const { method, service, body, headers = {}, signal } = options;
    const { services, apiKey } = this.#setup;
    const response = await fetch(`${services[service % services.length]}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal,
    });
    return { status: response.status, body: await response.json() };
  }
}
