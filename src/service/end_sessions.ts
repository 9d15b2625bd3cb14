import { type Clock, pause } from "../core/clock.ts";
import { type MysqlSession, type Ok, type Rows, SqlError } from "../drivers/mysql.ts";

/** A session of a server, of which is known for how long it has existed at least. */
export interface OldSession {
  /** Its id on the server. */
  readonly connection: number;
  readonly ageMs: number;
}

/** How long a session that was killed is waited for, and how often it is looked for. */
const WAIT_MS = 2_000;
const LOOK_MS = 20;
/**
 * The session has ended, or is just being taken apart and has no owner any longer, as when another
 * sweeper was told to end it too. What counts is the next look.
 */
const ENDED = [1094, 1095];

const UPTIME = "SHOW GLOBAL STATUS LIKE 'Uptime'";
const SESSIONS = "SELECT id, user, CONNECTION_ID() FROM information_schema.processlist";

/**
 * Ends sessions of this session's own account on its server, and sees that they are gone: from then
 * on they commit nothing, for a server lists a session until it has committed or rolled back.
 *
 * Only sessions of the own account are ended. A session that is not listed among them is gone, for an
 * account sees all of its own. A session that is older than its server belonged to the server's life
 * before, and is gone; whoever has its id now is let alone. And since all is asked over one session,
 * which a restart would end, the server that is told to KILL is the one that was looked at.
 *
 * A server tells how long it runs in whole seconds of its wall clock, so one is added. Where that
 * clock was set back by more than a session's age, the session would be taken for one of before.
 *
 * @returns which of them are gone; the others have not ended within 2 s
 * @throws {SqlError}
 */
export async function endSessions<T extends OldSession>(
  session: MysqlSession,
  { olds, clock }: { readonly olds: readonly T[]; readonly clock: Clock },
): Promise<T[]> {
  const uptimeMs = (await uptimeOf(session) + 1) * 1_000;
  const giveUpAt = clock.now() + WAIT_MS;
  const killed = new Set<number>();
  for (;;) {
    const listed = await ownSessions(session);
    const isLeft = ({ ageMs, connection }: T) => ageMs <= uptimeMs && listed.has(connection);
    const left = olds.filter(isLeft);
    if (left.length === 0 || clock.now() > giveUpAt) return olds.filter((old) => !isLeft(old));
    for (const { connection } of left) {
      if (killed.has(connection)) continue;
      killed.add(connection);
      await kill(session, connection);
    }
    await pause(clock, LOOK_MS);
  }
}

/** In seconds. */
async function uptimeOf(session: MysqlSession): Promise<number> {
  const seconds = Number(rowsOf(await session.query(UPTIME))[0]?.[1]);
  if (Number.isFinite(seconds)) return seconds;
  throw new SqlError("server", "the server does not tell how long it runs");
}

/** The ids of all sessions of this session's account, its own included. */
async function ownSessions(session: MysqlSession): Promise<Set<number>> {
  const sessions = rowsOf(await session.query(SESSIONS));
  const own = sessions.find(([id, , asked]) => Number(id) === Number(asked));
  if (own === undefined) throw new SqlError("server", "the server does not list its sessions");
  return new Set(sessions.filter(([, user]) => user === own[1]).map(([id]) => Number(id)));
}

async function kill(session: MysqlSession, connection: number): Promise<void> {
  try {
    await session.query(`KILL CONNECTION ${connection}`);
  } catch (error) {
    if (!(error instanceof SqlError && ENDED.includes(error.errno))) throw error;
  }
}

function rowsOf(answer: Rows | Ok): Rows["rows"] {
  return answer.kind === "rows" ? answer.rows : [];
}
