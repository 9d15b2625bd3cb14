import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  type CacheEvent,
  decodeEvents,
  decodeMessage,
  encodeEvents,
} from "../../src/cache/cache_event.ts";

const text = fc.string({ unit: fc.constantFrom("a", " ", '"', "\\", "[", "\n", "\0", "ü", "😀") });
const tags = fc.array(text, { maxLength: 4 });
const plain = { noNullPrototype: true };
const place = fc.record({ shard: text, epoch: text, position: text }, plain);
const event: fc.Arbitrary<CacheEvent> = fc.oneof(
  fc.record({
    kind: fc.constant("intent" as const),
    id: text,
    tags,
    shard: text,
    node: text,
    connection: fc.maxSafeNat(),
    limitMs: fc.nat(),
  }, plain),
  fc.record({
    kind: fc.constant("done" as const),
    id: text,
    tags,
    shard: text,
    epoch: text,
    position: text,
  }, plain),
  fc.record({ kind: fc.constant("aborted" as const), id: text }, plain),
  fc.record({
    kind: fc.constant("dropped" as const),
    tags,
    place: fc.option(place, { nil: undefined }),
  }, plain),
);

Deno.test("decodeEvents reads what encodeEvents writes", () => {
  fc.assert(fc.property(fc.array(event), (events) => {
    assertEquals(decodeEvents(encodeEvents(events)), events);
  }));
});

Deno.test("decodeMessage reads a message of the channel, whatever its events have in them", () => {
  const number = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(number, number, number, fc.array(event), (epoch, previous, sequence, events) => {
      const message = `${epoch} ${previous} ${sequence} ${encodeEvents(events)}`;
      assertEquals(decodeMessage(message), { epoch: `${epoch}`, previous, sequence, events });
    }),
  );
});

Deno.test("decodeMessage throws at what is no message, as from another version", () => {
  const texts = ["", "1 2 3", "1 x 3 []", "1 2 3 {}", '1 2 3 [["?"]]', "1 2 3 [7]", "1 2 3 [[]]"];
  for (const text of texts) assertThrows(() => decodeMessage(text), TypeError);
  assertThrows(() => decodeMessage("1 2 3 [["), SyntaxError);
});
