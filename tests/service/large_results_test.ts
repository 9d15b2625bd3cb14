import { assert, assertEquals } from "@std/assert";
import { assertProblem } from "../support/problem.ts";
import { realmWith, testRealm } from "../support/realm.ts";

const STATEMENTS = `-- name: large.rows :many
-- @shard s1
-- @param n int
SELECT seq, REPEAT('x', 2000) AS pad FROM seq_1_to_2000000000 LIMIT :n;

-- name: large.bytes :many
-- @shard s1
-- @param n int
-- @maxrows 100000
SELECT seq, REPEAT('x', 20000) AS pad FROM seq_1_to_2000000000 LIMIT :n;

-- name: large.one :one
-- @shard s1
-- @param id int
-- @batch id = :id
-- @timeout 30s
SELECT id, pad FROM large WHERE id = :id;
`;

const MIB = 1_048_576;
/** Of a result twice as much is read. */
const RESULT_BYTES = 8 * MIB;
/** All rows together are too much for one result, as are most of them. */
const ROW_BYTES = 2 * MIB;
const ROWS = 20;
const TABLE = `CREATE TABLE large (id INT PRIMARY KEY, pad MEDIUMTEXT);
  INSERT INTO large SELECT seq, REPEAT('x', ${ROW_BYTES}) FROM seq_1_to_${ROWS}`;

async function residentBytes(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1_024;
}

Deno.test("Service refuses results that would fill its memory, and goes on", async (t) => {
  const folder = await realmWith(STATEMENTS);
  const limits = `limits: { resultBytes: ${RESULT_BYTES} }\n`;
  await Deno.writeTextFile(`${folder}/realmgate.yaml`, limits, { append: true });
  await using realm = await testRealm({ realm: folder });
  for (const { primary } of realm.realm.stack.shards) {
    for (const sql of TABLE.split(";")) {
      await primary.sql(sql.replace("large ", `${realm.realm.stack.database}.large `));
    }
  }
  const { client, service } = await realm.serve({ isolates: 1 });

  for (const name of ["large.rows", "large.bytes"]) {
    await t.step(`${name} is asked for as much as there is`, async () => {
      const before = await residentBytes(service.pid);
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, n) => client.get(`/v1/query/${name}?n=${2_000_000_000 - n}`)),
      );
      for (const answer of answers) assertProblem(answer, 413, "result_too_large");
      const grown = await residentBytes(service.pid) - before;
      assert(grown < 300 * MIB, `${Math.round(grown / MIB)} MiB more`);
      const few = await client.get(`/v1/query/${name}?n=3`);
      assertEquals([few.status, (few.body["data"] as unknown[]).length], [200, 3]);
    });
  }

  await t.step("calls whose answers together would be too large are read one by one", async () => {
    const answers = await Promise.all(
      Array.from({ length: ROWS }, (_, n) => client.get(`/v1/query/large.one?id=${n + 1}`)),
    );
    for (const { status, text } of answers) assertEquals(status, 200, text.slice(0, 300));
    const lengths = answers.map(({ body }) => (body["data"] as { pad: string }).pad.length);
    assertEquals(new Set(lengths), new Set([ROW_BYTES]));
  });

  await t.step("a batch answers what it may hold, and each call beyond that says so", async () => {
    const read = (n: number) => ({ statement: "large.one", params: { id: n % ROWS + 1 } });
    const write = { statement: "player.add_gold", params: { playerId: "1", amount: 1 } };
    const calls = [...Array.from({ length: 30 }, (_, n) => read(n)), write];
    const { status, body } = await client.post("/v1/batch", { calls });
    assertEquals(status, 200);
    const results = body["results"] as { status: number; body: { code?: string } }[];
    const answered = results.filter((result) => result.status === 200);
    // 32 MiB and the write, whose answer is never left out.
    assertEquals([answered.length, results.at(-1)?.status], [16, 200]);
    const others = results.filter((result) => result.status !== 200);
    assertEquals(new Set(others.map(({ body }) => body.code)), new Set(["result_too_large"]));
  });
});
