/** Which way bytes go. */
export type Direction = "to_server" | "to_client";

/**
 * A network between clients and a server that can fail in one direction only, as one does whose
 * packets are lost that way: connections stay open and new ones are made, what is sent is kept by
 * the network, and arrives late once it is mended, even if its sender has given up meanwhile.
 */
export class ValveProxy implements Disposable {
  readonly port: number;
  readonly #listener: Deno.Listener;
  readonly #connections = new Set<Deno.Conn>();
  readonly #shut = new Map<Direction, PromiseWithResolvers<void>>();

  /** @param serverPort where on 127.0.0.1 the server listens */
  constructor(serverPort: number) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = (this.#listener.addr as Deno.NetAddr).port;
    void this.#accept(serverPort);
  }

  /** Lets nothing more through in one direction. */
  shut(direction: Direction): void {
    if (!this.#shut.has(direction)) this.#shut.set(direction, Promise.withResolvers());
  }

  /** Lets everything through again, first what was kept. */
  open(): void {
    for (const { resolve } of this.#shut.values()) resolve();
    this.#shut.clear();
  }

  /** Ends every connection, and loses what was kept. New ones are made as the valves stand. */
  cut(): void {
    for (const connection of this.#connections) this.#close(connection);
  }

  [Symbol.dispose](): void {
    this.open();
    this.#listener.close();
    this.cut();
  }

  async #accept(serverPort: number): Promise<void> {
    for await (const client of this.#listener) {
      void this.#join(client, serverPort);
    }
  }

  async #join(client: Deno.TcpConn | Deno.Conn, serverPort: number): Promise<void> {
    this.#connections.add(client);
    try {
      const server = await Deno.connect({ hostname: "127.0.0.1", port: serverPort });
      this.#connections.add(server);
      await Promise.all([
        this.#pump("to_server", client, server),
        this.#pump("to_client", server, client),
      ]);
      this.#close(server);
    } catch {
      // The server is down: so is the client's connection.
    }
    this.#close(client);
  }

  /** Each direction ends by itself, so that what was kept of a client that left still arrives. */
  async #pump(direction: Direction, from: Deno.Conn, to: Deno.Conn): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (;;) {
        const length = await from.read(buffer);
        await this.#shut.get(direction)?.promise;
        if (length === null) break;
        for (let sent = 0; sent < length;) sent += await to.write(buffer.subarray(sent, length));
      }
      await to.closeWrite();
    } catch {
      // Either end is gone: the other learns it now.
      await to.closeWrite().catch(() => {});
    }
  }

  #close(connection: Deno.Conn): void {
    if (this.#connections.delete(connection)) closeQuietly(connection);
  }
}

function closeQuietly(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // Closed before.
  }
}
