/** A span as it was exported, with its attributes by name. */
export interface ExportedSpan {
  /** Who made it: `realmgate`, or `deno`. */
  readonly scope: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  /** OTLP's number: 1 internal, 2 server, 3 client. */
  readonly kind: number;
  /** OTLP's number: 2 is an error. */
  readonly status: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
}

interface OtlpValue {
  readonly [type: string]: unknown;
}

interface OtlpSpan extends Omit<ExportedSpan, "scope" | "status" | "attributes"> {
  readonly status?: { readonly code?: number };
  readonly attributes: readonly { readonly key: string; readonly value: OtlpValue }[];
}

interface OtlpTraces {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly {
      readonly scope: { readonly name: string };
      readonly spans: readonly OtlpSpan[];
    }[];
  }[];
}

/** Takes spans in as an OpenTelemetry collector does, over HTTP in JSON; use it with `await using`. */
export class OtlpCollector implements AsyncDisposable {
  /** All that came, in the order of their export. */
  readonly spans: ExportedSpan[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#take(request),
    );
  }

  /** What makes a process export its spans to here, soon after they ended. */
  get environment(): Readonly<Record<string, string>> {
    return {
      OTEL_DENO: "true",
      OTEL_DENO_CONSOLE: "ignore",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${this.#server.addr.port}`,
      OTEL_BSP_SCHEDULE_DELAY: "50",
      OTEL_TRACES_SAMPLER: "parentbased_always_on",
    };
  }

  /** The spans of one trace. */
  trace(traceId: string): ExportedSpan[] {
    return this.spans.filter((span) => span.traceId === traceId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #take(request: Request): Promise<Response> {
    if (new URL(request.url).pathname !== "/v1/traces") {
      await request.body?.cancel();
      return Response.json({});
    }
    const { resourceSpans } = await request.json() as OtlpTraces;
    for (const { scopeSpans } of resourceSpans) {
      for (const { scope, spans } of scopeSpans) {
        for (const span of spans) this.spans.push(toSpan(scope.name, span));
      }
    }
    return Response.json({});
  }
}

function toSpan(scope: string, span: OtlpSpan): ExportedSpan {
  return {
    ...span,
    scope,
    status: span.status?.code ?? 0,
    attributes: Object.fromEntries(span.attributes.map(({ key, value }) => [key, plain(value)])),
  };
}

/** OTLP's JSON has 64-bit integers as text. */
function plain(value: OtlpValue): unknown {
  const [[type, inner] = ["", undefined]] = Object.entries(value);
  return type === "intValue" ? Number(inner) : inner;
}
