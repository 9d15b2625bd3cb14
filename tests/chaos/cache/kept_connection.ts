/** One HTTP request. */
export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What became of a request. */
export type HttpResult =
  | {
    readonly kind: "answered";
    readonly status: number;
    /** By their names in lower case. */
    readonly headers: ReadonlyMap<string, string>;
    readonly body: string;
  }
  /** Nobody listened: it was not sent. */
  | { readonly kind: "not_sent" }
  /** The connection ended before the answer, or the answer did not come in time. */
  | { readonly kind: "closed" | "unanswered" };

const decoder = new TextDecoder("latin1");
const encoder = new TextEncoder();

/**
 * One kept-alive HTTP/1.1 connection on a socket of its own: all that is sent over it reaches one
 * isolate, which no client can choose, and nothing is sent twice in silence, which `fetch` may do. It
 * is opened anew when it ended, and has another {@linkcode id} then.
 */
export class KeptConnection {
  readonly #name: string;
  readonly #host: string;
  readonly #port: number;
  #socket: Deno.TcpConn | undefined;
  #unread = "";
  #opened = 0;

  constructor(name: string, url: string) {
    const { host, hostname, port } = new URL(url);
    this.#name = name;
    this.#host = host;
    this.#port = Number(port);
    if (hostname !== "127.0.0.1") throw new RangeError(`Cannot connect: only here, not ${url}`);
  }

  /** Tells this connection from those before it, and from others. */
  get id(): string {
    return `${this.#name}/${this.#opened}`;
  }

  /** Sends a request and reads its answer; one at a time. Never fails. */
  async send(
    request: HttpRequest,
    { patienceMs }: { readonly patienceMs: number },
  ): Promise<HttpResult> {
    if (this.#socket === undefined) {
      try {
        this.#socket = await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
      } catch {
        return { kind: "not_sent" };
      }
      this.#opened++;
      this.#unread = "";
    }
    let impatient = false;
    const timer = setTimeout(() => {
      impatient = true;
      this.close();
    }, patienceMs);
    try {
      await this.#write(request);
      const answer = await this.#readAnswer();
      if (answer.headers.get("connection")?.toLowerCase() === "close") this.close();
      return answer;
    } catch {
      this.close();
      return { kind: impatient ? "unanswered" : "closed" };
    } finally {
      clearTimeout(timer);
    }
  }

  /** Closes it; a request in flight ends as closed. */
  close(): void {
    try {
      this.#socket?.close();
    } catch {
      // It ended by itself.
    }
    this.#socket = undefined;
  }

  async #write({ method, path, headers, body = "" }: HttpRequest): Promise<void> {
    const lines = [
      `${method} ${path} HTTP/1.1`,
      `host: ${this.#host}`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      ...(method === "GET" ? [] : [`content-length: ${encoder.encode(body).length}`]),
    ];
    const bytes = encoder.encode(`${lines.join("\r\n")}\r\n\r\n${body}`);
    for (let sent = 0; sent < bytes.length;) {
      sent += await this.#open.write(bytes.subarray(sent));
    }
  }

  async #readAnswer(): Promise<HttpResult & { readonly kind: "answered" }> {
    let end: number;
    while ((end = this.#unread.indexOf("\r\n\r\n")) < 0) await this.#readMore();
    const [first = "", ...lines] = this.#unread.slice(0, end).split("\r\n");
    const headers = new Map(lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }));
    const status = Number(first.split(" ")[1]);
    const length = status === 304 ? 0 : Number(headers.get("content-length") ?? NaN);
    if (!Number.isSafeInteger(length)) {
      throw new TypeError(`Cannot read an answer: it must say its length, received ${first}`);
    }
    const [from, to] = [end + 4, end + 4 + length];
    while (this.#unread.length < to) await this.#readMore();
    const body = this.#unread.slice(from, to);
    this.#unread = this.#unread.slice(to);
    return { kind: "answered", status, headers, body };
  }

  async #readMore(): Promise<void> {
    const buffer = new Uint8Array(16_384);
    const length = await this.#open.read(buffer);
    if (length === null) throw new Deno.errors.UnexpectedEof("closed");
    this.#unread += decoder.decode(buffer.subarray(0, length));
  }

  /** What it was is closed as soon as it ends, so that a late reader meets no other connection. */
  get #open(): Deno.TcpConn {
    if (this.#socket === undefined) throw new Deno.errors.BadResource("closed");
    return this.#socket;
  }
}
