import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { RealmgateError } from "../../src/core/errors.ts";
import { FencedFixture, fencedServer, openSession } from "./fenced_server.ts";

const server = fencedServer();

/** What was told of each write under one lock, and in which order the writes landed. */
interface Race {
  readonly told: readonly { readonly fence: number; readonly outcome: "applied" | "stale" }[];
  /** The fences of the writes that landed, in the order in which they did. */
  readonly landed: readonly number[];
}

type Writer = (lock: string, fence: number) => Promise<"applied" | "stale">;

/** Lets all fences of a round write at once. */
async function race(lock: string, fences: readonly number[], write: Writer): Promise<Race> {
  await server.node.sql("DELETE FROM landed");
  const told = await Promise.all(
    fences.map(async (fence) => ({ fence, outcome: await write(lock, fence) })),
  );
  const rows = await server.node.sql("SELECT fence FROM landed ORDER BY seq");
  return { told, landed: rows.map(({ fence }) => Number(fence)) };
}

/** Whether no write landed after one with a newer fence. */
function inOrder(landed: readonly number[]): boolean {
  return landed.every((fence, at) => at === 0 || fence >= (landed[at - 1] ?? 0));
}

const rounds = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 8, maxLength: 16 });

Deno.test("transactWrite lets no older fence land behind a newer one, however they race", async () => {
  await using fixture = new FencedFixture({ target: server.target, max: 8 });
  const write: Writer = async (lock, fence) => {
    try {
      await fixture.write("test.land", { fence }, { fence: `${lock}=${fence}` });
      return "applied";
    } catch (error) {
      // A first write under a lock can meet a deadlock with another first one; it may be sent again.
      if (error instanceof RealmgateError && error.code === "deadlock") return write(lock, fence);
      assert(error instanceof RealmgateError && error.code === "stale_fence", String(error));
      return "stale";
    }
  };
  let round = 0;
  const outcomes = { applied: 0, stale: 0 };
  await fc.assert(
    fc.asyncProperty(rounds, async (fences) => {
      const lock = `race:${round++}`;
      const { told, landed } = await race(lock, fences, write);
      assert(inOrder(landed), `${fences} landed as ${landed}`);
      const applied = told.filter(({ outcome }) => outcome === "applied");
      assertEquals(landed.toSorted(), applied.map(({ fence }) => fence).toSorted());
      const newest = Math.max(...fences);
      assert(
        told.every(({ fence, outcome }) => fence < newest || outcome === "applied"),
        "the newest is never refused",
      );
      for (const { outcome } of told) outcomes[outcome]++;
    }),
    { numRuns: 200 },
  );
  assert(outcomes.stale > 100 && outcomes.applied > 100, JSON.stringify(outcomes));
});

Deno.test("a check of the fence without its transaction lets older ones land behind newer ones", async () => {
  const sessions = await Promise.all(Array.from({ length: 8 }, () => openSession(server)));
  try {
    /** The same commands, each on its own, as an application would give them. */
    const naive: Writer = async (lock, fence) => {
      const session = sessions.pop();
      if (session === undefined) throw new Error("a round must not need more sessions");
      try {
        const seen = await session.query(
          `SELECT fence FROM realmgate_fences WHERE name = '${lock}'`,
        );
        assert(seen.kind === "rows");
        if (Number(seen.rows[0]?.[0] ?? 0) > fence) return "stale";
        await session.query(
          `INSERT INTO realmgate_fences VALUES ('${lock}', ${fence}, UTC_TIMESTAMP())
           ON DUPLICATE KEY UPDATE fence = GREATEST(fence, ${fence})`,
        );
        await session.query(`INSERT INTO landed (fence) VALUES (${fence})`);
        return "applied";
      } finally {
        sessions.push(session);
      }
    };
    let wrong = 0;
    let round = 0;
    const eight = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 8, maxLength: 8 });
    for (const fences of fc.sample(eight, 200)) {
      const { landed } = await race(`naive:${round++}`, fences, naive);
      if (!inOrder(landed)) wrong++;
    }
    assert(wrong > 0, "the races must be able to show the fault");
    console.log(`without the transaction ${wrong} of ${round} races ended in the wrong order`);
  } finally {
    for (const session of sessions) await session[Symbol.asyncDispose]();
  }
});
