import type { HttpResult } from "./kept_connection.ts";
import { versionIn } from "./answers.ts";

/** Answers that a client keeps, at the most. */
const MOST = 500;

/** What a client has already, so that it may ask whether that is still true. */
export class KnownAnswers {
  readonly #known = new Map<string, { readonly etag: string; readonly version: number }>();

  /** The tag to ask with; `undefined` where the client has nothing. */
  etagOf(request: string): string | undefined {
    return this.#known.get(request)?.etag;
  }

  /** Keeps an answer that has a tag; returns the version that it tells, be it by "not modified". */
  take(request: string, result: HttpResult): number | undefined {
    if (result.kind === "answered" && result.status === 304) {
      return this.#known.get(request)?.version;
    }
    const version = versionIn(result);
    const etag = result.kind === "answered" ? result.headers.get("etag") : undefined;
    if (version !== undefined && etag !== undefined) {
      this.#known.delete(request);
      this.#known.set(request, { etag, version });
      const [oldest] = this.#known.keys();
      if (this.#known.size > MOST && oldest !== undefined) this.#known.delete(oldest);
    }
    return version;
  }
}
