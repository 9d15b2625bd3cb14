type Listener = (message: string) => void;

/**
 * Who listens to which channel, and which channels the connection of now is subscribed to: what
 * must be subscribed again after a reconnect.
 */
export class Subscriptions {
  readonly #listeners = new Map<string, Listener[]>();
  readonly #confirmed = new Set<string>();

  /** Adds a listener; the channel is missing until it was confirmed. */
  add(channel: string, listener: Listener): void {
    const listeners = this.#listeners.get(channel);
    if (listeners === undefined) this.#listeners.set(channel, [listener]);
    else listeners.push(listener);
  }

  /** Takes a listener back that {@linkcode add} was given. */
  remove(channel: string, listener: Listener): void {
    const left = (this.#listeners.get(channel) ?? []).filter((other) => other !== listener);
    if (left.length === 0) this.#listeners.delete(channel);
    else this.#listeners.set(channel, left);
  }

  /** The channels that have listeners and that this connection is not subscribed to. */
  missing(): string[] {
    return [...this.#listeners.keys()].filter((channel) => !this.#confirmed.has(channel));
  }

  /** The server said that this connection is subscribed to these. */
  confirm(channels: readonly string[]): void {
    for (const channel of channels) this.#confirmed.add(channel);
  }

  /** The connection is gone, and its subscriptions with it. */
  forget(): void {
    this.#confirmed.clear();
  }

  /** Hands a message to the channel's listeners. */
  deliver(channel: string, message: string): void {
    for (const listener of this.#listeners.get(channel) ?? []) listener(message);
  }
}
