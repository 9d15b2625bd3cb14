import {
  type Attributes,
  type Context,
  context,
  type Span as ApiSpan,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Tracer,
} from "@opentelemetry/api";
import type { Span, SpanAttributes, SpanOptions, Trace, Tracing } from "../core/telemetry.ts";

/** What own spans are made with. */
export interface OtelTracingOptions {
  readonly version: string;
  /** The code that callers are told for an error. */
  readonly codeOf: (error: unknown) => string;
}

/** Own spans beside those that Deno makes, which exports both (`OTEL_DENO=true`). */
export function otelTracing({ version, codeOf }: OtelTracingOptions): Tracing {
  const tracer = trace.getTracer("realmgate", version);
  return {
    active() {
      const span = trace.getActiveSpan();
      if (span === undefined || !isSampled(span)) return undefined;
      return new OtelSpan(span, { tracer, codeOf });
    },
  };
}

/** Deno's `isRecording` says yes to spans that are not sampled. */
function isSampled(span: ApiSpan): boolean {
  return (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;
}

const KINDS = { internal: SpanKind.INTERNAL, client: SpanKind.CLIENT } as const;

class OtelSpan implements Span {
  readonly #span: ApiSpan;
  readonly #parts: { readonly tracer: Tracer; readonly codeOf: (error: unknown) => string };
  #inside: Context | undefined;

  constructor(
    span: ApiSpan,
    parts: { readonly tracer: Tracer; readonly codeOf: (error: unknown) => string },
  ) {
    this.#span = span;
    this.#parts = parts;
  }

  begin(name: string, { kind = "internal", attributes = {} }: SpanOptions = {}): Span {
    this.#inside ??= trace.setSpan(context.active(), this.#span);
    const options = { kind: KINDS[kind], attributes: exported(attributes) };
    return new OtelSpan(
      this.#parts.tracer.startSpan(name, options, this.#inside),
      this.#parts,
    );
  }

  link(other: Trace): void {
    if (!(other instanceof OtelSpan) || other === this) return;
    this.#span.addLink({ context: other.#span.spanContext() });
  }

  rename(name: string): void {
    this.#span.updateName(name);
  }

  set(attributes: SpanAttributes): void {
    this.#span.setAttributes(exported(attributes));
  }

  fail(error: unknown): void {
    const code = this.#parts.codeOf(error);
    this.#span.setAttribute("error.type", code);
    // The error's own text may quote SQL and values.
    this.#span.setStatus({ code: SpanStatusCode.ERROR, message: code });
  }

  end(): void {
    this.#span.end();
  }
}

/** As Deno exports them: a number as a double, a bigint as an integer, which numbers are here. */
function exported(attributes: SpanAttributes): Attributes {
  const known: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) known[key] = typeof value === "number" ? BigInt(value) : value;
  }
  return known as Attributes;
}
