/** One client's way to the server. */
interface Link {
  readonly client: Deno.Conn;
  readonly server: Deno.Conn;
  /** While set, what the server says is kept back. */
  held: PromiseWithResolvers<void> | undefined;
}

/** A network between a client and a real server that a test can hold up or cut. */
export class TcpProxy implements Disposable {
  readonly port: number;
  readonly #listener: Deno.Listener;
  readonly #links = new Set<Link>();
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

  /** Lets everything through again, also what was kept back. */
  letThrough(): void {
    this.#holdNew = false;
    for (const link of this.#links) {
      link.held?.resolve();
      link.held = undefined;
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
      const link: Link = { client, server, held };
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
        for (let sent = 0; sent < length;) sent += await to.write(buffer.subarray(sent, length));
      }
    } catch {
      // Either side is gone: so is the link.
    }
    this.#close(link);
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
