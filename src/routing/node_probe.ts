import type { Clock } from "../core/clock.ts";
import type { ScopeWatch } from "../core/scope.ts";
import { TimeLimits } from "../core/time_limits.ts";
import {
  type MysqlDriver,
  type MysqlSession,
  type MysqlTarget,
  SqlError,
} from "../drivers/mysql.ts";
import { excessPrivilege } from "./account_check.ts";
import {
  type Finding,
  lookSql,
  NOTHING,
  type StatusTable,
  statusTableOf,
  toFinding,
} from "./look_query.ts";
import { REST_MS, retireSession } from "./retire_session.ts";
import type { Observation } from "./topology_state.ts";

/** What a {@linkcode NodeProbe} is made of. */
export interface NodeProbeOptions {
  readonly node: string;
  readonly target: MysqlTarget;
  readonly driver: MysqlDriver;
  readonly clock: Clock;
  readonly watch: ScopeWatch;
  /**
   * How long a look may take, with the connection that it may need, in time in which its answer could
   * be heard; {@linkcode LONGEST} times as long by the clock.
   */
  readonly timeoutMs: number;
  /** Told of each look's result. */
  readonly onLook: (observation: Observation) => void;
}

interface Opened {
  readonly session: MysqlSession;
  readonly status: StatusTable;
}

/** By how much a look may be longer than its time limit because this process itself is slow. */
const LONGEST = 5;
/** The heartbeat table is missing, may not be read, or there is no database. */
const UNREADABLE: ReadonlySet<number> = new Set([1049, 1142, 1146]);

/**
 * Looks at one node over a connection of its own: one look at a time, one round trip each, none
 * longer than its time limit, so that a server that hangs holds up nothing else. A node is not taken to
 * be down because this process is too busy to read its answer.
 */
export class NodeProbe {
  readonly #options: NodeProbeOptions;
  readonly #limits: TimeLimits;
  #session: Opened | undefined;
  #current: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #heartbeat: number | undefined;
  /** When the last look ended. */
  #lookedAt = 0;
  #closed = false;

  constructor(options: NodeProbeOptions) {
    this.#options = options;
    this.#limits = new TimeLimits({ clock: options.clock, limitMs: options.timeoutMs });
  }

  /** Looks, or joins the look that is under way. Never fails. */
  look(): Promise<void> {
    return this.#current ??= this.#look().finally(() => this.#current = undefined);
  }

  /** A look that begins after this call; callers that wait for the same one share it. */
  lookAfresh(): Promise<void> {
    if (this.#current === undefined) return this.look();
    return this.#next ??= this.#current.then(() => {
      this.#next = undefined;
      return this.look();
    });
  }

  /** Closes a connection that no look has used for a while. */
  rest(): void {
    const { clock, watch } = this.#options;
    const idle = this.#session;
    if (idle === undefined || this.#current !== undefined) return;
    if (clock.now() - this.#lookedAt <= REST_MS) return;
    this.#session = undefined;
    retireSession(idle.session, watch);
  }

  /** Drops the connection; a look under way ends at once, and its result is told to nobody. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#drop();
    await this.#current;
    this.#drop();
  }

  async #look(): Promise<void> {
    if (this.#closed) return;
    const { clock, node } = this.#options;
    const [beganAt, wallMs] = [clock.now(), clock.wallMs()];
    const finding = await this.#find();
    // What a node last had of the primary's rows still tells how far it was when it went down.
    const heartbeat = this.#heartbeat = finding.heartbeat ?? this.#heartbeat;
    if (this.#closed) return;
    const endedAt = this.#lookedAt = clock.now();
    this.#options.onLook({ ...finding, heartbeat, node, beganAt, endedAt, wallMs });
  }

  async #find(): Promise<Finding> {
    const { watch, timeoutMs } = this.#options;
    const scope = watch.open({ timeoutMs: LONGEST * timeoutMs });
    const limit = this.#limits.begin(() => scope.end("deadline_exceeded"));
    const giveUp = () => this.#drop();
    scope.onEnd(giveUp);
    try {
      // A connection that was lost since the last look says nothing of the server: try another.
      const used = this.#session;
      return await this.#ask(scope).catch((error: unknown) => {
        if (scope.ended !== undefined || used?.session.closed !== true) throw error;
        return this.#ask(scope);
      });
    } catch (error) {
      this.#drop();
      const trouble = scope.ended === undefined
        ? troubleOf(error)
        : `no answer within ${timeoutMs} ms`;
      return { ...NOTHING, up: false, trouble, refused: error instanceof ExcessPrivilegeError };
    } finally {
      this.#limits.end(limit);
      scope.offEnd(giveUp);
      scope.close();
    }
  }

  async #ask(scope: Parameters<MysqlDriver["connect"]>[1]): Promise<Finding> {
    if (this.#session?.session.closed === true) this.#drop();
    const { session, status } = this.#session ??= await this.#connect(scope);
    const ask = async (heartbeat: boolean) =>
      toFinding(await firstRow(session, lookSql({ status, heartbeat })));
    try {
      return await ask(true);
    } catch (error) {
      if (!(error instanceof SqlError) || !UNREADABLE.has(error.errno)) throw error;
      return { ...await ask(false), trouble: "its table realmgate_heartbeat cannot be read" };
    }
  }

  async #connect(scope: Parameters<MysqlDriver["connect"]>[1]): Promise<Opened> {
    const { driver, target } = this.#options;
    const session = await driver.connect(target, scope);
    const abandon = () => session.destroy();
    scope.onEnd(abandon);
    try {
      const [version] = await firstRow(session, "SELECT @@version");
      const grants = await session.query("SHOW GRANTS");
      const lines = grants.kind === "rows" ? grants.rows.map((row) => String(row[0])) : [];
      const excess = excessPrivilege(lines);
      if (excess !== undefined) throw new ExcessPrivilegeError(target.user, excess);
      return { session, status: statusTableOf(String(version)) };
    } catch (error) {
      session.destroy();
      throw error;
    } finally {
      scope.offEnd(abandon);
    }
  }

  #drop(): void {
    this.#session?.session.destroy();
    this.#session = undefined;
  }
}

class ExcessPrivilegeError extends Error {
  constructor(user: string, privilege: string) {
    super(
      `its account "${user}" must have neither SUPER nor READ ONLY ADMIN, received ${privilege}`,
    );
  }
}

async function firstRow(session: MysqlSession, sql: string): Promise<readonly unknown[]> {
  const answer = await session.query(sql);
  return answer.kind === "rows" ? answer.rows[0] ?? [] : [];
}

function troubleOf(error: unknown): string {
  if (error instanceof ExcessPrivilegeError) return error.message;
  if (error instanceof SqlError && error.errno !== 0) return `it refuses: error ${error.errno}`;
  return "it cannot be reached";
}
