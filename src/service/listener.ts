import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { toProblem } from "../http/problem.ts";

/** Answers a request. */
export type Handler = (request: Request) => Response | Promise<Response>;

/** How long nothing must have been in flight before clients that hold on are left behind. */
const QUIET_MS = 2_000;
const LOOK_MS = 100;

/**
 * One isolate's share of the service's port. Every isolate binds the port for itself and the
 * kernel spreads connections over them.
 *
 * It stops without losing a request that it received: first every answer carries `Connection: close`, so that
 * kept-alive clients leave by themselves, then the server stops accepting and finishes what it
 * has.
 */
export class Listener {
  readonly #handler: Handler;
  #server: Deno.HttpServer<Deno.NetAddr> | undefined;
  readonly #clock: Clock;
  readonly #log: Log;
  #inFlight = 0;
  #closing = false;

  constructor(handler: Handler, options: { readonly clock: Clock; readonly log: Log }) {
    this.#handler = handler;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** Binds and serves. @throws {Deno.errors.AddrInUse} */
  start(options: { readonly hostname: string; readonly port: number }): void {
    this.#server = Deno.serve(
      {
        ...options,
        reusePort: true,
        onListen: () => {},
        onError: (error) => this.#lastResort(error),
      },
      (request) => this.#answer(request),
    );
  }

  /** From now on every answer asks its client to close the connection. */
  announceClose(): void {
    this.#closing = true;
  }

  /**
   * Stops accepting, and resolves when the last request in flight was answered. Deno would wait on
   * for a client that never sends the rest of a body, though it was answered: it is not waited for.
   */
  async stop(): Promise<void> {
    if (this.#server === undefined) return;
    let quietMs = 0;
    const quiet = Promise.withResolvers<void>();
    const timer = this.#clock.every(LOOK_MS, () => {
      quietMs = this.#inFlight > 0 ? 0 : quietMs + LOOK_MS;
      if (quietMs >= QUIET_MS) quiet.resolve();
    });
    await Promise.race([this.#server.shutdown(), quiet.promise]);
    timer.cancel();
    this.#server = undefined;
  }

  #answer(request: Request): Response | Promise<Response> {
    this.#inFlight++;
    let answer: Response | Promise<Response>;
    try {
      answer = this.#handler(request);
    } catch (error) {
      return this.#failed(error);
    }
    return answer instanceof Promise ? answer.then(this.#sent, this.#failed) : this.#sent(answer);
  }

  readonly #sent = (response: Response): Response => {
    this.#inFlight--;
    if (this.#closing) response.headers.set("connection", "close");
    return response;
  };

  /** The answer where even that to an error could not be made. */
  #lastResort(error: unknown): Response {
    const requestId = crypto.randomUUID();
    const { status, body, headers } = toProblem(error, requestId);
    this.#log.error("a request failed", { requestId, code: body["code"], error });
    return new Response(JSON.stringify(body), { status, headers });
  }

  readonly #failed = (error: unknown): never => {
    this.#inFlight--;
    throw error;
  };
}

/**
 * Finds out which port to share: the asked one if nobody has it, or any free one for 0. Isolates
 * bind with `reusePort`, which would share another process's port in silence, so the first bind
 * is made without it.
 *
 * @throws {Error} if another process has the port, or this machine cannot listen there
 */
export function claimPort(options: { readonly hostname: string; readonly port: number }): number {
  try {
    const listener = Deno.listen(options);
    const { port } = listener.addr;
    listener.close();
    return port;
  } catch (error) {
    const { hostname, port } = options;
    throw new Error(`Cannot listen on ${hostname}:${port}: ${whyNot(error)}`, { cause: error });
  }
}

function whyNot(error: unknown): string {
  if (error instanceof Deno.errors.AddrInUse) {
    return "another process has the port; listen.port, or the PORT that it is read from, must be free";
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return "this user may not; listen.port must be one that it may, such as 8080";
  }
  const said = error instanceof Error ? error.message : `${error}`;
  return `listen.hostname must be an address of this machine, such as 0.0.0.0 (${said})`;
}
