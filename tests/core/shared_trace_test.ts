import { assertEquals, assertThrows } from "@std/assert";
import { SharedTrace } from "../../src/core/shared_trace.ts";
import type { Span, SpanOptions, Trace } from "../../src/core/telemetry.ts";

/** A place that remembers what is begun and linked. */
class Place implements Span {
  readonly begun: { readonly name: string; readonly options: SpanOptions; readonly span: Place }[] =
    [];
  readonly links: Trace[] = [];

  begin(name: string, options: SpanOptions = {}): Span {
    const span = new Place();
    this.begun.push({ name, options, span });
    return span;
  }

  link(other: Trace): void {
    this.links.push(other);
  }

  rename(): void {}
  set(): void {}
  fail(): void {}
  end(): void {}
}

Deno.test("SharedTrace begins a span once when several wait for it, and links all of them", () => {
  const [first, second, third] = [new Place(), new Place(), new Place()];
  const shared = new SharedTrace({ size: 3 });
  for (const place of [first, second, second, third]) shared.add(place);
  const span = shared.begin("work", { kind: "client", attributes: { own: true } });
  assertEquals(first.begun.map(({ name, options }) => ({ name, options })), [
    { name: "work", options: { kind: "client", attributes: { own: true, size: 3 } } },
  ]);
  assertEquals([second.begun, third.begun], [[], []]);
  const begun = first.begun[0]?.span;
  assertEquals(begun === span, true);
  assertEquals(begun?.links, [second, third]);
  assertEquals([first.links, second.links, third.links], [[], [span], [span]]);
});

Deno.test("SharedTrace links at most 128 when more wait", () => {
  const shared = new SharedTrace();
  const places = Array.from({ length: 200 }, () => new Place());
  for (const place of places) shared.add(place);
  shared.begin("work");
  assertEquals(places[0]?.begun[0]?.span.links.length, 128);
  assertEquals(places.filter(({ links }) => links.length > 0).length, 128);
});

Deno.test("SharedTrace refuses to begin a span when it is for nobody", () => {
  assertThrows(() => new SharedTrace().begin("work"), TypeError, "Cannot begin a span");
});
