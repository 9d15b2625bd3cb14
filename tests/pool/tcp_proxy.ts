/** One client's way to the server. */
interface Link {
  readonly client: Deno.Conn;
  readonly server: Deno.Conn;
  /** While set, what the server says is kept back. */
  held: PromiseWithResolvers<void> | undefined;
  /** Whether the server's next answer is to be lost, and the link with it. */
  losesAnswer: boolean;
}

/**
 * What becomes of an intercepted request: it passes, it passes and the answer is lost, or it never
 * arrives; in the last two cases its connection is cut.
 */
export type Interception = "pass" | "lose answer" | "lose request";

interface Trap {
  readonly text: string;
  readonly act: () => Interception | Promise<Interception>;
}

/** A network between a client and a real server that a test can hold up or cut. */
export class TcpProxy implements Disposable {
  readonly port: number;
  readonly #listener: Deno.Listener;
  readonly #links = new Set<Link>();
  readonly #traps: Trap[] = [];
  #holdNew = false;

  /**
   * @param serverPort where on 127.0.0.1 the server listens
   * @param options.hostname where the proxy does; default 127.0.0.1
   */
  constructor(serverPort: number, options: { readonly hostname?: string } = {}) {
    this.#listener = Deno.listen({ hostname: options.hostname ?? "127.0.0.1", port: 0 });
    this.port = (this.#listener.addr as Deno.NetAddr).port;
    void this.#accept(serverPort);
  }

  /** How many clients are connected. */
  get size(): number {
    return this.#links.size;
  }

  /** Keeps back what the server says on the connections there are. */
  holdReplies(): void {
    for (const link of this.#links) link.held ??= Promise.withResolvers();
  }

  /** Keeps back what the server says on connections to come, from its greeting on. */
  holdNewConnections(): void {
    this.#holdNew = true;
  }

  /**
   * Acts on the next request with this text in it, before the server has it. Text stands in plain
   * commands and where a statement is prepared, not where it is run. Traps are sprung in the order
   * in which they were set, each once.
   */
  intercept(text: string, act: Trap["act"]): void {
    this.#traps.push({ text, act });
  }

  /** How many interceptions are still to come. */
  get traps(): number {
    return this.#traps.length;
  }

  /** Lets everything through again, also what was kept back. */
  letThrough(): void {
    this.#holdNew = false;
    for (const link of this.#links) {
      link.held?.resolve();
      link.held = undefined;
    }
  }

  /** Cuts every connection; what was kept back is lost. */
  cut(): void {
    for (const link of [...this.#links]) {
      this.#close(link);
      link.held?.resolve();
    }
  }

  [Symbol.dispose](): void {
    this.letThrough();
    this.#listener.close();
    for (const link of [...this.#links]) this.#close(link);
  }

  async #accept(serverPort: number): Promise<void> {
    for await (const client of this.#listener) {
      const server = await Deno.connect({ hostname: "127.0.0.1", port: serverPort });
      const held = this.#holdNew ? Promise.withResolvers<void>() : undefined;
      const link: Link = { client, server, held, losesAnswer: false };
      this.#links.add(link);
      void this.#pump(link, client, server);
      void this.#pump(link, server, client);
    }
  }

  async #pump(link: Link, from: Deno.Conn, to: Deno.Conn): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (;;) {
        const length = await from.read(buffer);
        if (length === null) break;
        if (from === link.server) await link.held?.promise;
        if (from === link.server ? link.losesAnswer : await this.#isLost(link, buffer, length)) {
          break;
        }
        for (let sent = 0; sent < length;) sent += await to.write(buffer.subarray(sent, length));
      }
    } catch {
      // Either side is gone: so is the link.
    }
    this.#close(link);
  }

  /** Springs the trap for a request, if there is one. */
  async #isLost(link: Link, buffer: Uint8Array, length: number): Promise<boolean> {
    const [trap] = this.#traps;
    if (trap === undefined) return false;
    if (!new TextDecoder("latin1").decode(buffer.subarray(0, length)).includes(trap.text)) {
      return false;
    }
    this.#traps.shift();
    const outcome = await trap.act();
    link.losesAnswer = outcome === "lose answer";
    return outcome === "lose request";
  }

  #close(link: Link): void {
    if (!this.#links.delete(link)) return;
    for (const end of [link.client, link.server]) {
      try {
        end.close();
      } catch {
        // Closed before.
      }
    }
  }
}
