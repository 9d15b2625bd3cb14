import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  encodeToken,
  joinTokens,
  parseTokens,
  type SessionToken,
  tokenAfter,
  type WrittenAt,
} from "../../src/query/session_token.ts";

const number = fc.integer({ min: 1, max: 4 });
const UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
const ofMariadb = fc.array(fc.tuple(number, number), { maxLength: 3 }).map((parts) =>
  [...new Map(parts)].sort(([a], [b]) => a - b).map(([domain, n]) => `${domain}-1-${n}`).join(",")
);
/** As tokens have them, without holes. */
const ofMysql = fc.tuple(number, number).map(([from, more]) => `${UUID}:${from}-${from + more}`);
const position = fc.oneof(ofMariadb, ofMysql);
const entry = fc.record({ epoch: number.map(String), position }, { noNullPrototype: true });
const token = fc.record({
  entries: fc.uniqueArray(fc.tuple(fc.constantFrom("s1", "s2", "s3"), entry), {
    selector: ([shard]) => shard,
  }).map((entries): SessionToken["entries"] => new Map(entries)),
  dropped: fc.boolean(),
});
const written = fc.record({
  shard: fc.constantFrom("s1", "s2", "s3"),
  epoch: number.map(String),
  result: fc.record({ gtid: fc.option(position, { nil: undefined }) }),
});

const shown = ({ entries, dropped }: SessionToken) => ({
  entries: Object.fromEntries(entries),
  dropped,
});
const wire = (text: string) => btoa(text).replaceAll("=", "");

function read(value: string): SessionToken {
  const parsed = parseTokens(value);
  if (parsed === undefined) throw new Error(`not a token: ${value}`);
  return parsed;
}

function write(shard: string, epoch: string, gtid: string | undefined): WrittenAt {
  return { shard, epoch, result: { gtid } };
}

Deno.test("encodeToken and parseTokens keep a token, whatever is in it", () => {
  fc.assert(fc.property(token, (one) => {
    const text = encodeToken(one);
    assert(/^[A-Za-z0-9]+$/.test(text), text);
    assertEquals(shown(read(text)), shown(one));
  }));
});

Deno.test("joinTokens is a join: the order, the grouping and repetition change nothing", () => {
  fc.assert(fc.property(token, token, token, (a, b, c) => {
    assertEquals(shown(joinTokens(a, b)), shown(joinTokens(b, a)));
    assertEquals(shown(joinTokens(a, a)), shown(a));
    assertEquals(
      shown(joinTokens(joinTokens(a, b), c)),
      shown(joinTokens(a, joinTokens(b, c))),
    );
    assertEquals(
      shown(read(`${encodeToken(a)}, ${encodeToken(b)},${encodeToken(c)}`)),
      shown(joinTokens(joinTokens(a, b), c)),
    );
  }));
});

Deno.test("tokenAfter never goes back: an older epoch or a smaller number replaces nothing", () => {
  fc.assert(fc.property(token, written, (sent, one) => {
    const { entries } = read(tokenAfter(sent, [one]));
    for (const [shard, { epoch, position }] of sent.entries) {
      const now = entries.get(shard);
      assert(now !== undefined && Number(now.epoch) >= Number(epoch));
      if (shard !== one.shard) assertEquals(now, { epoch, position });
      else if (epoch === now.epoch && position !== "" && now.position !== "") {
        // Joining what was there changes nothing: it is in it already.
        const both = joinTokens(
          { entries: new Map([[shard, now]]), dropped: false },
          { entries: new Map([[shard, { epoch, position }]]), dropped: false },
        );
        assertEquals(both.entries.get(shard), now);
      }
    }
    assert(entries.has(one.shard));
  }));
});

Deno.test("tokenAfter says where the writes are, the newest last, beside what was sent", () => {
  const text = (sent: string | undefined, ...writes: [WrittenAt, ...WrittenAt[]]) =>
    atob(tokenAfter(sent === undefined ? undefined : read(wire(sent)), writes));
  assertEquals(text(undefined, write("s1", "7", "0-1-5")), "1;s1:7:0-1-5");
  const sent = "1;s1:7:0-1-5,3-2-9;s2:8:0-3-4";
  assertEquals(text(sent, write("s1", "7", "0-1-6")), "1;s2:8:0-3-4;s1:7:0-1-6,3-2-9");
  assertEquals(text(sent, write("s1", "10", "0-2-3")), "1;s2:8:0-3-4;s1:10:0-2-3");
  assertEquals(text(sent, write("s1", "6", "0-1-9")), "1;s2:8:0-3-4;s1:7:");
  // Where no position is known only the primary will do, until a later write has one.
  assertEquals(text(sent, write("s1", "7", undefined)), "1;s2:8:0-3-4;s1:7:");
  assertEquals(text("1;s1:7:", write("s1", "7", "0-1-6")), "1;s1:7:0-1-6");
  // Of two writes that ran side by side either may be the later one.
  assertEquals(
    text("1;s1:7:", write("s1", "7", "0-1-6"), write("s1", "7", "0-1-8")),
    "1;s1:7:0-1-8",
  );
  assertEquals(text(undefined, write("s1", "7", undefined), write("s1", "7", "0-1-8")), "1;s1:7:");
  // A form that nobody here reads.
  assertEquals(text(undefined, write("s1", "7", "3E11FA47-71CA-11E1-9E33:23")), "1;s1:7:");
});

Deno.test("tokenAfter keeps MySQL's positions as it keeps MariaDB's, without their holes", () => {
  const text = (sent: string | undefined, ...writes: [WrittenAt, ...WrittenAt[]]) =>
    atob(tokenAfter(sent === undefined ? undefined : read(wire(sent)), writes));
  assertEquals(text(undefined, write("s1", "7", `${UUID.toUpperCase()}:23`)), `1;s1:7:${UUID}:23`);
  const sent = `1;s1:7:${UUID}:5;s2:8:0-3-4`;
  assertEquals(text(sent, write("s1", "7", `${UUID}:9`)), `1;s2:8:0-3-4;s1:7:${UUID}:5-9`);
  assertEquals(text(sent, write("s1", "10", `${UUID}:9`)), `1;s2:8:0-3-4;s1:10:${UUID}:9`);
  // As MySQL writes what it has executed.
  const executed = `${UUID}:1-5:9,\n4e11fa47-71ca-11e1-9e33-c80aa9429562:3`;
  assertEquals(
    text(undefined, write("s1", "7", executed)),
    `1;s1:7:${UUID}:1-9,4e11fa47-71ca-11e1-9e33-c80aa9429562:3`,
  );
  // Of two forms neither is before the other, and numbers with tags are counted apart.
  assertEquals(text(sent, write("s1", "7", "0-1-9")), "1;s2:8:0-3-4;s1:7:");
  assertEquals(text(undefined, write("s1", "7", `${UUID}:tag:9`)), "1;s1:7:");
  let token: SessionToken | undefined;
  for (let n = 1; n < 2_000; n += 3) {
    token = read(tokenAfter(token, [write("s1", "7", `${UUID}:${n}`)]));
  }
  assertEquals(token?.entries.get("s1")?.position, `${UUID}:1-1999`);
});

Deno.test("a token has 4 kB at most, and says when it had to drop what was not written for longest", () => {
  const epoch = "1795544156593066";
  let sent: SessionToken | undefined;
  for (let n = 0; n < 300; n++) {
    const text = tokenAfter(sent, [write(`shard-${n % 150}`, epoch, `0-1-${1_000_000 + n}`)]);
    assert(text.length <= 4_096, `${text.length}`);
    sent = read(text);
    assertEquals(sent.entries.get(`shard-${n % 150}`)?.position, `0-1-${1_000_000 + n}`);
    assertEquals(sent.dropped, n >= sent.entries.size);
  }
  assert(sent !== undefined && sent.entries.size > 70);
  assertEquals([sent.entries.has("shard-149"), sent.entries.has("shard-0")], [true, false]);
});

Deno.test("parseTokens refuses what no server answered", () => {
  const good = wire("1;s1:7:0-1-5");
  const wrong = ["", "t", "a b", good + "=", `${good},`, good + "\n,", wire("2;s1:7:0-1-5")];
  for (
    const text of [
      ...["1;s1:7", "1;s1::0-1-5", "1;s1:07:0-1-5", "1;s1:7:0-1", "1s1:7:", "1;s 1:7:"],
      ...[`1;s1:7:${UUID}`, `1;s1:7:${UUID}:t:1`, `1;s1:7:${UUID.toUpperCase()}:1`, "1;s1:7::"],
    ]
  ) {
    wrong.push(wire(text));
  }
  wrong.push(wire("1;s1:7:0-1-5;s1:7:0-1-6"), "A".repeat(4_100), Array(17).fill(good).join());
  for (const text of wrong) assertEquals(parseTokens(text), undefined, text);
  assertEquals(parseTokens(Array(16).fill(good).join())?.entries.size, 1);
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    parseTokens(text);
  }));
});
