import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { validForMs } from "../../src/locks/validity.ts";

Deno.test("validForMs ends before the server's own time when clocks drift and messages dawdle", () => {
  const delay = fc.double({ min: 0, max: 5_000, noNaN: true });
  fc.assert(fc.property(
    fc.record({
      ttlMs: fc.integer({ min: 100, max: 600_000 }),
      toService: delay,
      beforeClaim: delay,
      toRedis: delay,
      drift: fc.double({ min: -0.0099, max: 0.0099, noNaN: true }),
    }),
    ({ ttlMs, toService, beforeClaim, toRedis, drift }) => {
      const sentAt = 0;
      const arrivedAt = sentAt + toService;
      const beforeGrantAt = arrivedAt + beforeClaim;
      // The server's clock may run fast: its hold is then shorter in true time.
      const serverEndsAt = beforeGrantAt + toRedis + ttlMs * (1 - Math.abs(drift));
      const clientEndsAt = sentAt + validForMs({ arrivedAt, beforeGrantAt, leftMs: ttlMs });
      assert(clientEndsAt <= serverEndsAt, `${clientEndsAt} > ${serverEndsAt}`);
      // The control: counted from the answer's arrival, a slow answer outlasts the server.
      const naive = beforeGrantAt + toRedis + 5_000 + ttlMs;
      assert(naive > serverEndsAt);
    },
  ));
  assertEquals(validForMs({ arrivedAt: 0, beforeGrantAt: 0, leftMs: 100 }), 97);
});
