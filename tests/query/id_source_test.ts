import { assert, assertEquals, assertRejects } from "@std/assert";
import type { RedisServer } from "../../deploy/local/redis_server.ts";
import { RealmgateError } from "../../src/core/errors.ts";
import { systemClock } from "../../src/core/clock.ts";
import { type Scope, ScopeWatch } from "../../src/core/scope.ts";
import { InterruptedError } from "../../src/pool/interrupted_error.ts";
import { IdSource } from "../../src/query/id_source.ts";
import { withRedis } from "../drivers/redis_fixture.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { redisCommand } from "../support/redis_command.ts";

const KEY = "{realm}:ids";

interface Setting {
  readonly server: RedisServer;
  readonly scope: Scope;
  /** A source of an isolate of its own, whose clock stands until it is moved. */
  isolate(): Promise<{ readonly ids: IdSource; readonly clock: ManualClock }>;
}

async function withSources(test: (setting: Setting) => Promise<void>): Promise<void> {
  const watch = new ScopeWatch({ clock: systemClock });
  const scope = watch.open({ timeoutMs: 30_000 });
  try {
    await withRedis(async (server, connect) => {
      const isolate = async () => {
        const [redis, clock] = [connect(), new ManualClock()];
        await redis.start();
        return { ids: new IdSource({ fleet: "realm", redis, clock }), clock };
      };
      await test({ server, scope, isolate });
    });
  } finally {
    scope.close();
    watch.close();
  }
}

/** The instant that an id tells, in milliseconds since the Unix epoch. */
function timeOf(id: string): number {
  return Number(BigInt(id) >> 12n) / 1_000 + Date.UTC(2026, 0, 1);
}

Deno.test("IdSource counts on within a second and tells the time when it makes ids", () =>
  withSources(async ({ scope, isolate }) => {
    const { ids, clock } = await isolate();
    const [first = "", second = "", third = ""] = [
      ...await ids.take(2, scope),
      ...await ids.take(1, scope),
    ];
    assertEquals([BigInt(second), BigInt(third)], [BigInt(first) + 1n, BigInt(first) + 2n]);
    assert(Math.abs(timeOf(first) - Date.now()) < 60_000, first);
    assert(BigInt(first) < 2n ** 63n);
    clock.advance(1_000);
    const [later = ""] = await ids.take(1, scope);
    assert(BigInt(later) > BigInt(first) + 16_384n, "other microseconds, a second later");
  }));

Deno.test("IdSource makes no id twice when many isolates make them at once", () =>
  withSources(async ({ scope, isolate }) => {
    const isolates = await Promise.all(Array.from({ length: 8 }, isolate));
    const made = await Promise.all(isolates.map(async ({ ids, clock }) => {
      const own: string[] = [];
      for (let round = 0; round < 20; round++) {
        const taken = await Promise.all(Array.from({ length: 10 }, () => ids.take(3, scope)));
        own.push(...taken.flat());
        clock.advance(600);
      }
      return own;
    }));
    const all = made.flat();
    assertEquals(new Set(all).size, 8 * 20 * 10 * 3);
    for (const own of made) {
      assertEquals(own, own.toSorted((a, b) => BigInt(a) < BigInt(b) ? -1 : 1));
    }
    // The control: what each makes of its own clock and a count is made twice.
    const naive = isolates.flatMap(() =>
      Array.from({ length: 600 }, (_, count) => (BigInt(Date.now()) << 12n) + BigInt(count))
    );
    assert(new Set(naive).size < naive.length);
  }));

Deno.test("IdSource goes on from the last id when Redis's clock is behind it, or Redis forgot it", () =>
  withSources(async ({ server, scope, isolate }) => {
    const { ids, clock } = await isolate();
    const ahead = Math.round((Date.now() - Date.UTC(2026, 0, 1) + 3_600_000) * 1_000);
    await redisCommand(server, `SET ${KEY} ${ahead}`);
    const [first = ""] = await ids.take(1, scope);
    assertEquals(BigInt(first) >> 12n, BigInt(ahead + 1));
    const other = await isolate();
    const [second = ""] = await other.ids.take(1, scope);
    assertEquals(BigInt(second) >> 12n, BigInt(ahead + 5));
    await redisCommand(server, "FLUSHALL");
    clock.advance(1_000);
    const [third = ""] = await ids.take(1, scope);
    assertEquals(BigInt(third) >> 12n, BigInt(ahead + 5));
    other.clock.advance(1_000);
    const [fourth = ""] = await other.ids.take(1, scope);
    assertEquals(BigInt(fourth) >> 12n, BigInt(ahead + 9));
  }));

Deno.test("IdSource makes ids of what it has when Redis is away, and none past that", () =>
  withSources(async ({ server, scope, isolate }) => {
    const [{ ids, clock }, idle] = [await isolate(), await isolate()];
    const before = await ids.take(16_000, scope);
    await server.stop();
    clock.advance(5_000);
    const after = await ids.take(384, scope);
    assertEquals(new Set([...before, ...after]).size, 16_384);
    for (const source of [ids, idle.ids]) {
      const error = await assertRejects(() => source.take(1, scope), RealmgateError);
      assertEquals([error.code, error.outcome, error.retry], [
        "redis_unavailable",
        "not_applied",
        "later",
      ]);
    }
  }));

Deno.test("IdSource refuses when its ids are used up, in 2097", () =>
  withSources(async ({ server, scope, isolate }) => {
    const { ids } = await isolate();
    await redisCommand(server, `SET ${KEY} ${2 ** 51 - 5}`);
    const last = await ids.take(16_384, scope);
    assertEquals(last.at(-1), "9223372036854775807");
    await assertRejects(() => ids.take(1, scope), RealmgateError);
  }));

Deno.test("IdSource stops waiting when its caller's time is up", () =>
  withSources(async ({ server, isolate }) => {
    const { ids } = await isolate();
    const watch = new ScopeWatch({ clock: systemClock });
    server.kill("SIGSTOP");
    const scope = watch.open({ timeoutMs: 20 });
    const error = await assertRejects(() => ids.take(1, scope), InterruptedError);
    assertEquals([error.end, error.outcome], ["deadline_exceeded", "not_applied"]);
    server.kill("SIGCONT");
    scope.close();
    watch.close();
  }));
