/** An answer with its body already read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // A test knows what it asked for; it narrows by asserting.
  readonly body: Record<string, unknown>;
  readonly text: string;
}

/** Calls one service with one key; every answer's body is read. */
export class Client {
  readonly url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #connection: Deno.HttpClient | undefined;

  /** @param options.connection what to send by; the process's own by default */
  constructor(
    url: string,
    apiKey: string,
    options: { readonly connection?: Deno.HttpClient } = {},
  ) {
    this.url = url;
    this.#headers = { authorization: `Bearer ${apiKey}` };
    this.#connection = options.connection;
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#send(path, { headers });
  }

  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#withBody("POST", path, { body, headers });
  }

  put(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#withBody("PUT", path, { body, headers });
  }

  /** A PUT of a text that is JSON as it stands. */
  putText(path: string, text: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#send(path, {
      method: "PUT",
      body: text,
      headers: { "content-type": "application/json", ...headers },
    });
  }

  delete(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#send(path, { method: "DELETE", headers });
  }

  /** A DELETE with a body, which only some calls take. */
  deleteWith(path: string, body: unknown): Promise<Answer> {
    return this.#withBody("DELETE", path, { body, headers: {} });
  }

  /** `POST /v1/exec/{statement}`. */
  exec(statement: string, params: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.post(`/v1/exec/${statement}`, { params }, headers);
  }

  #withBody(
    method: string,
    path: string,
    options: { readonly body: unknown; readonly headers: Record<string, string> },
  ): Promise<Answer> {
    return this.#send(path, {
      method,
      body: JSON.stringify(options.body),
      headers: { "content-type": "application/json", ...options.headers },
    });
  }

  async #send(path: string, init: RequestInit): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, {
      ...init,
      ...(this.#connection === undefined ? {} : { client: this.#connection }),
      headers: { ...this.#headers, ...init.headers as Record<string, string> },
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: /json/.test(response.headers.get("content-type") ?? "") ? JSON.parse(text) : {},
    };
  }
}
