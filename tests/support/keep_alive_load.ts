/** What a load saw. */
export interface LoadResult {
  readonly answered: number;
  /** Requests that were sent and not answered with 200, with what came instead. */
  readonly failures: readonly string[];
}

/** A running load; `stop` ends it after the requests in flight. */
export interface Load {
  stop(): Promise<LoadResult>;
  /** Requests answered so far. */
  readonly answered: () => number;
}

/**
 * Sends one request after another over each of `connections` kept-alive connections. A connection
 * that the server asked to close, with `Connection: close`, is opened anew; if nobody listens any
 * more, that client's work is done. What counts as a failure is a request that was sent and not
 * answered well: this is a client of its own, on sockets, because `fetch` retries in silence.
 */
export function keepAliveLoad(
  target: { readonly hostname: string; readonly port: number },
  options: { readonly connections: number; readonly request: (n: number) => string },
): Load {
  const failures: string[] = [];
  let answered = 0;
  let stopping = false;
  let sent = 0;
  const client = async () => {
    while (!stopping) {
      let connection: Deno.TcpConn;
      try {
        connection = await Deno.connect(target);
      } catch {
        return;
      }
      try {
        const reader = connection.readable.getReader();
        const buffer = { text: "" };
        for (let fresh = true; !stopping; fresh = false) {
          const bytes = new TextEncoder().encode(options.request(sent++));
          try {
            await connection.write(bytes);
          } catch (error) {
            // A connection that was never accepted took no request.
            if (!fresh) failures.push(`write: ${error}`);
            return;
          }
          const answer = await readAnswer(reader, buffer);
          if (answer === undefined) {
            if (!fresh) failures.push("closed without an answer");
            break;
          }
          if (answer.status === 200) answered++;
          else failures.push(`status ${answer.status}: ${answer.body.slice(0, 200)}`);
          if (answer.close) break;
        }
      } finally {
        try {
          connection.close();
        } catch { /* the server closed it first */ }
      }
    }
  };
  const clients = Promise.all(Array.from({ length: options.connections }, client));
  return {
    answered: () => answered,
    async stop() {
      stopping = true;
      await clients;
      return { answered, failures };
    },
  };
}

async function readAnswer(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  buffer: { text: string },
): Promise<{ status: number; close: boolean; body: string } | undefined> {
  const decoder = new TextDecoder();
  for (;;) {
    const end = buffer.text.indexOf("\r\n\r\n");
    if (end >= 0) {
      const head = buffer.text.slice(0, end);
      const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      if (buffer.text.length >= end + 4 + length) {
        const body = buffer.text.slice(end + 4, end + 4 + length);
        buffer.text = buffer.text.slice(end + 4 + length);
        return {
          status: Number(head.slice(9, 12)),
          close: /connection: *close/i.test(head),
          body,
        };
      }
    }
    try {
      const { done, value } = await reader.read();
      if (done) return undefined;
      buffer.text += decoder.decode(value, { stream: true });
    } catch {
      return undefined;
    }
  }
}
