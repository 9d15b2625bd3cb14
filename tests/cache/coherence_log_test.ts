import { assert, assertEquals, assertRejects } from "@std/assert";
import { RealmgateError } from "../../src/core/errors.ts";
import type { CoherenceLog } from "../../src/cache/coherence_log.ts";
import type { Ask } from "../../src/cache/renewal.ts";
import { redisCommand } from "../support/redis_command.ts";
import { eventually } from "../support/eventually.ts";
import { done, intent, ORIGIN_US, withLog } from "./log_fixture.ts";

const HOLD_MS = 5_000;
/** How old a reader's last renewal is at most when it begins a write, or a copy of it. */
const SILENT_US = 60_000_000;

function renew(log: CoherenceLog, ask: Ask, known: { epoch?: string; sequence?: number } = {}) {
  const { epoch = "", sequence = 0 } = known;
  return log.renew(ask, { id: "reader", epoch, sequence, holdMs: HOLD_MS });
}

Deno.test("CoherenceLog publishes what it records, with the sequence before it", () =>
  withLog(async ({ log, published }) => {
    const { epoch, sequence } = await renew(log, "full");
    await log.record([intent("a"), intent("b")]);
    await log.record([done("a"), { kind: "aborted", id: "b" }]);
    const [one, two, ...others] = await published();
    assertEquals(others, []);
    assertEquals([one?.epoch, one?.previous, one?.events.length], [epoch, sequence, 2]);
    assertEquals([two?.epoch, two?.previous], [epoch, one?.sequence]);
    assertEquals(two?.events, [done("a"), { kind: "aborted", id: "b" }]);
    assertEquals(await renew(log, "plain"), { epoch, sequence: two?.sequence ?? 0 });
  }));

Deno.test("CoherenceLog lists the intents that are open, with nothing lost on the way", () =>
  withLog(async ({ log }) => {
    const [one, two] = [intent("a", { tags: ["guild:ä b", "x"], connection: 12_345 }), intent("b")];
    await log.record([one, two, { kind: "dropped", tags: ["x"], place: undefined }]);
    await log.record([done("b")]);
    assertEquals((await renew(log, "full")).intents, [one]);
    await log.record([{ kind: "aborted", id: "a" }]);
    assertEquals((await renew(log, "full")).intents, []);
  }));

Deno.test("CoherenceLog tells what came after a sequence, and nothing of another epoch", () =>
  withLog(async ({ log, published }) => {
    await log.record([intent("a")]);
    await log.record([intent("b")]);
    await log.record([done("a")]);
    const all = await published();
    const [first, ...rest] = all;
    const epoch = first?.epoch ?? "";
    const since = await renew(log, "log", { epoch, sequence: first?.sequence ?? 0 });
    assertEquals(since.log, rest);
    assertEquals((await renew(log, "log", { epoch, sequence: since.sequence })).log, []);
    assertEquals((await renew(log, "log", { epoch: "other", sequence: 0 })).log, []);
  }));

Deno.test("CoherenceLog keeps some thousand messages, and shows where what is older is missing", () =>
  withLog(async ({ log }) => {
    const { epoch, sequence } = await renew(log, "full");
    const writes = Array.from({ length: 4_300 }, (_, at) => intent(`${at % 9}`));
    while (writes.length > 0) {
      await Promise.all(writes.splice(0, 100).map((write) => log.record([write])));
    }
    const { log: messages = [] } = await renew(log, "log", { epoch, sequence });
    assertEquals(messages.length, 4_096);
    assert((messages[0]?.previous ?? 0) > sequence);
    messages.forEach((message, at) => {
      if (at > 0) assertEquals(message.previous, messages[at - 1]?.sequence);
    });
  }));

Deno.test("CoherenceLog lets sequences grow though its clock stands still or goes back", () =>
  withLog(async ({ log, setClock, published }) => {
    for (const us of [ORIGIN_US, ORIGIN_US, ORIGIN_US - 60_000_000, ORIGIN_US + 1_000]) {
      await setClock(us);
      await log.record([done("a")]);
    }
    const sequences = (await published()).map(({ sequence }) => sequence - ORIGIN_US);
    // The epoch itself takes the first.
    assertEquals(sequences, [1, 2, 3, 1_000]);
  }));

Deno.test("CoherenceLog tells of intents whose time is over until they are closed", () =>
  withLog(async ({ log, setClock }) => {
    const [short, long] = [intent("a", { limitMs: 1_000 }), intent("b", { limitMs: 3_000 })];
    await log.record([short, long]);
    await setClock(ORIGIN_US + 999_999);
    assertEquals(await log.overdue(), []);
    await setClock(ORIGIN_US + 1_000_000);
    assertEquals(await log.overdue(), [short]);
    await setClock(ORIGIN_US + 4_000_000);
    assertEquals((await log.overdue()).map(({ id }) => id).sort(), ["a", "b"]);
    await log.record([done("a")]);
    assertEquals(await log.overdue(), [long]);
  }));

Deno.test("CoherenceLog begins another epoch, with a greater number, when its Redis was emptied", () =>
  withLog(async ({ server, log, setClock }) => {
    await log.record([intent("a")]);
    const before = await renew(log, "full");
    await redisCommand(server, "FLUSHALL");
    await setClock(ORIGIN_US + 1_000_000);
    const after = await renew(log, "plain");
    assert(Number(after.epoch) > Number(before.epoch));
    assertEquals((await renew(log, "full")).intents, []);
  }));

Deno.test("CoherenceLog begins another epoch when another server has its data, and keeps the intents", () =>
  withLog(async ({ server, redis, log }) => {
    await log.record([intent("a")]);
    const before = await renew(log, "full");
    await server.restart();
    await eventually(() => redis.state === "up");
    // Messages of before may be missing here, so that their log is of no use.
    const after = await renew(log, "log", before);
    assertEquals([after.epoch === before.epoch, after.log], [false, []]);
    assert(after.sequence > before.sequence);
    assertEquals((await renew(log, "full", before)).intents, [intent("a")]);
  }));

Deno.test("CoherenceLog holds nobody when it begins for the first time", () =>
  withLog(async ({ log }) => {
    assertEquals((await renew(log, "full")).holdMs, 0);
    assertEquals((await renew(log, "full")).holdMs, 0);
  }));

Deno.test("CoherenceLog holds everybody, from its beginning, when another server has its data", () =>
  withLog(async ({ server, redis, log, setClock }) => {
    await renew(log, "full");
    await server.restart();
    await eventually(() => redis.state === "up");
    await setClock(ORIGIN_US + 1_000_000);
    // One that is new knows of no epoch before; an intent that was lost is no less under way for it.
    assertEquals((await renew(log, "full")).holdMs, HOLD_MS);
    await setClock(ORIGIN_US + 3_000_000);
    assertEquals((await renew(log, "full")).holdMs, HOLD_MS - 2_000);
    await setClock(ORIGIN_US + 6_000_000);
    assertEquals((await renew(log, "full")).holdMs, 0);
  }));

Deno.test("CoherenceLog holds nobody when all who read the epoch before have left or are long silent", () =>
  withLog(async ({ server, redis, log, setClock }) => {
    await renew(log, "full");
    await log.leave("reader");
    await server.restart();
    await eventually(() => redis.state === "up");
    assertEquals((await renew(log, "full")).holdMs, 0);
    await server.restart();
    await eventually(() => redis.state === "up");
    await setClock(ORIGIN_US + 1_000 * HOLD_MS + SILENT_US + 1);
    assertEquals((await renew(log, "full")).holdMs, 0);
  }));

Deno.test("CoherenceLog holds everybody when a reader may have begun a write after its last renewal", () =>
  withLog(async ({ server, redis, log, setClock }) => {
    await renew(log, "full");
    await setClock(ORIGIN_US + 900_000);
    await log.record([intent("a", { limitMs: HOLD_MS })]);
    await server.restart();
    await eventually(() => redis.state === "up");
    await setClock(ORIGIN_US + 1_000 * HOLD_MS + 500_000);
    assertEquals((await renew(log, "full")).holdMs, HOLD_MS);
  }));

Deno.test("CoherenceLog begins anew for those who began after a loss, once somebody tells of an epoch before", () =>
  withLog(async ({ server, log, setClock }) => {
    const old = await renew(log, "full");
    await redisCommand(server, "FLUSHALL");
    await setClock(ORIGIN_US + 1_000_000);
    const early = await renew(log, "full");
    assertEquals(early.holdMs, 0);
    const late = await renew(log, "full", old);
    assertEquals([late.holdMs, late.epoch === early.epoch], [HOLD_MS, false]);
    assertEquals((await renew(log, "plain")).epoch, late.epoch);
    // Once is enough.
    assertEquals((await renew(log, "full", old)).epoch, late.epoch);
    assertEquals((await renew(log, "full", early)).epoch, late.epoch);
  }));

Deno.test("CoherenceLog fails when Redis is away", () =>
  withLog(async ({ server, redis, log }) => {
    await server.stop();
    await eventually(() => redis.state === "down");
    await assertRejects(() => log.record([done("a")]), RealmgateError);
    await assertRejects(() => renew(log, "plain"), RealmgateError);
    await assertRejects(() => log.overdue(), RealmgateError);
  }));
