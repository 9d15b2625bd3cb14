/** Answers a request. */
export type Handler = (request: Request) => Response | Promise<Response>;

/**
 * One isolate's share of the service's port. Every isolate binds the port for itself and the
 * kernel spreads connections over them.
 *
 * It stops without losing a request: first every answer carries `Connection: close`, so that
 * kept-alive clients leave by themselves, then the server stops accepting and finishes what it
 * has.
 */
export class Listener {
  readonly #handler: Handler;
  #server: Deno.HttpServer<Deno.NetAddr> | undefined;
  #closing = false;

  constructor(handler: Handler) {
    this.#handler = handler;
  }

  /** Binds and serves. @throws {Deno.errors.AddrInUse} */
  start(options: { readonly hostname: string; readonly port: number }): void {
    this.#server = Deno.serve(
      { ...options, reusePort: true, onListen: () => {}, onError: () => lastResort() },
      (request) => this.#answer(request),
    );
  }

  /** From now on every answer asks its client to close the connection. */
  announceClose(): void {
    this.#closing = true;
  }

  /** Stops accepting, and resolves when the last request in flight was answered. */
  async stop(): Promise<void> {
    await this.#server?.shutdown();
    this.#server = undefined;
  }

  async #answer(request: Request): Promise<Response> {
    const response = await this.#handler(request);
    if (this.#closing) response.headers.set("connection", "close");
    return response;
  }
}

/**
 * Finds out which port to share: the asked one if nobody has it, or any free one for 0. Isolates
 * bind with `reusePort`, which would share another process's port in silence, so the first bind
 * is made without it.
 *
 * @throws {Deno.errors.AddrInUse} if another process has the port
 */
export function claimPort(options: { readonly hostname: string; readonly port: number }): number {
  const listener = Deno.listen(options);
  const { port } = listener.addr;
  listener.close();
  return port;
}

function lastResort(): Response {
  return Response.json({ code: "internal", status: 500 }, { status: 500 });
}
