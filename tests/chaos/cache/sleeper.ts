import { pause } from "../support/pause.ts";
import type { GatewayClient } from "./gateway.ts";
import { LONG } from "./statements.ts";

/** The longest pause between two reads. */
const PAUSE_MS = 100;

/** Reads a few keys by a statement so slow that faults begin and end within one of its loads. */
export class Sleeper {
  readonly #client: GatewayClient;
  readonly #options: { readonly keys: readonly number[]; readonly signal: AbortSignal };

  constructor(
    client: GatewayClient,
    options: { readonly keys: readonly number[]; readonly signal: AbortSignal },
  ) {
    this.#client = client;
    this.#options = options;
  }

  /** Goes on until it is stopped. */
  async run(): Promise<void> {
    const { keys, signal } = this.#options;
    while (!signal.aborted) {
      await this.#client.read(keys[Math.floor(Math.random() * keys.length)] ?? 0, LONG);
      await pause(Math.random() * PAUSE_MS);
    }
  }
}
