import { assertEquals } from "@std/assert";
import {
  type Conversion,
  decodeReport,
  encodeReport,
  type ShardReport,
} from "../../src/routing/shard_report.ts";

const REPORT: ShardReport = {
  shard: "s1",
  primacy: { primary: "s1a", epoch: 1_800_000_000_000_001, unseenMs: 250.5 },
  looks: [{
    node: "s1a",
    beganAt: 1_000,
    endedAt: 1_002.5,
    wallMs: 77,
    up: true,
    trouble: undefined,
    refused: false,
    writable: true,
    applying: undefined,
    heartbeat: 1_800_000_000_000_000,
    position: undefined,
    committed: "0-1-101",
    semiSync: true,
    version: "10.11.6-MariaDB",
    connections: { max: 500, used: 3 },
  }, {
    node: "s1b",
    beganAt: 900,
    endedAt: 1_900,
    wallMs: -5,
    up: false,
    trouble: "no answer within 1000 ms",
    refused: false,
    writable: undefined,
    applying: undefined,
    heartbeat: undefined,
    position: "0-1-100,7-3-5",
    committed: undefined,
    semiSync: undefined,
    version: undefined,
    connections: undefined,
  }],
};

const plus = (ahead: number): Conversion => (ms) => ms + ahead;
const nobody: Conversion = () => undefined;

Deno.test("a report keeps its content and its ages when it travels between clocks", () => {
  const text = encodeReport(REPORT, { by: "one", toFleet: plus(50_000) }) ?? "";
  // The reader's clock is 49,000 ms behind the fleet's: what began at 1,000 began at 2,000 there.
  const read = decodeReport(text, { toLocal: plus(-49_000), now: { ms: 3_000, wallMs: 9_000 } });
  assertEquals(read?.by, "one");
  assertEquals(read?.report, {
    ...REPORT,
    looks: REPORT.looks.map((look, n) => ({
      ...look,
      beganAt: look.beganAt + 1_000,
      endedAt: look.endedAt + 1_000,
      wallMs: [8_000, 7_900][n] ?? 0,
    })),
  });
});

Deno.test("a report is neither sent nor read when the fleet's time is not known", () => {
  assertEquals(encodeReport(REPORT, { by: "one", toFleet: nobody }), undefined);
  const text = encodeReport(REPORT, { by: "one", toFleet: plus(0) }) ?? "";
  assertEquals(decodeReport(text, { toLocal: nobody, now: { ms: 1, wallMs: 1 } }), undefined);
});

Deno.test("a report is not read when it is not one", () => {
  const now = { ms: 1, wallMs: 1 };
  for (const text of ["", "{", "null", '{"by":"one"}', '{"by":"one","shard":"s1","looks":[]}']) {
    assertEquals(decodeReport(text, { toLocal: plus(0), now }), undefined, text);
  }
});

Deno.test("a report of a process that does not tell positions is read without them", () => {
  const text = encodeReport(REPORT, { by: "old", toFleet: plus(0) }) ?? "";
  const older = text.replaceAll(/"(position|committed)":[^,]+,(?:7-3-5",)?/g, "");
  assertEquals(/position|committed|0-1-10/.test(older), false);
  const read = decodeReport(older, { toLocal: plus(0), now: { ms: 3_000, wallMs: 9_000 } });
  for (const { position, committed } of read?.report.looks ?? []) {
    assertEquals([position, committed], [undefined, undefined]);
  }
  assertEquals(read?.report.looks.length, 2);
});
