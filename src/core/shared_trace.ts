import type { Span, SpanAttributes, SpanOptions, Trace } from "./telemetry.ts";

/** Links that one span may have; OpenTelemetry's own limit. */
const MAX_LINKS = 128;

/**
 * The place of work that is done once for several requests, such as a batch. A span has one parent:
 * what begins here is part of the first one's trace, and has links to the others, as OpenTelemetry's
 * specification wants it of a batch. They get a link to it too, so that whoever looks at their traces
 * finds it. Past 128 requests the rest have none.
 */
export class SharedTrace implements Trace {
  readonly #traces = new Set<Trace>();
  readonly #attributes: SpanAttributes;

  /** @param attributes what every span says that begins here */
  constructor(attributes: SpanAttributes = {}) {
    this.#attributes = attributes;
  }

  /** Adds the place of one of the requests; there must be one before anything begins. */
  add(trace: Trace): void {
    if (this.#traces.size <= MAX_LINKS) this.#traces.add(trace);
  }

  begin(name: string, options: SpanOptions = {}): Span {
    const [first, ...others] = this.#traces;
    if (first === undefined) throw new TypeError("Cannot begin a span: it must be for somebody");
    const attributes = { ...options.attributes, ...this.#attributes };
    const span = first.begin(name, { ...options, attributes });
    for (const other of others) {
      span.link(other);
      other.link(span);
    }
    return span;
  }

  link(other: Trace): void {
    for (const trace of this.#traces) trace.link(other);
  }
}
