/** What a span says of itself; members that are `undefined` are left out. Numbers are whole. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** How a span begins. */
export interface SpanOptions {
  /** `client` for what is asked of another process. @default {"internal"} */
  readonly kind?: "internal" | "client";
  readonly attributes?: SpanAttributes;
}

/**
 * A place in a trace, under which spans begin. It goes with the work, in its scope: what is done for
 * a request can be begun by another one's turn, so that the place cannot be told from who calls.
 */
export interface Trace {
  /** Begins a span; whoever began it ends it. */
  begin(name: string, options?: SpanOptions): Span;
  /** Says that this span and what was done at another place belong together. */
  link(other: Trace): void;
}

/** One piece of work in a trace, while it lasts. */
export interface Span extends Trace {
  rename(name: string): void;
  /** Adds attributes; one that it has already must not be added again. */
  set(attributes: SpanAttributes): void;
  /** Says that the work failed, by the code that callers are told for such an error. */
  fail(error: unknown): void;
  end(): void;
}

/**
 * Distributed tracing, as requests meet it. Where it is switched off there is no `Tracing` at all, and
 * every place of a trace is `undefined`: that check is all it costs then.
 */
export interface Tracing {
  /** The span of the request that is being answered; `undefined` where it is not sampled. */
  active(): Span | undefined;
}

/** Does work within a span, which ends with it. */
export async function inSpan<T>(span: Span, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    span.fail(error);
    throw error;
  } finally {
    span.end();
  }
}
