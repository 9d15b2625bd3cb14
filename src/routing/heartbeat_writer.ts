import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { ScopeWatch } from "../core/scope.ts";
import type { MysqlDriver, MysqlSession, MysqlTarget } from "../drivers/mysql.ts";
import { REST_MS, retireSession } from "./retire_session.ts";

/** What a {@linkcode HeartbeatWriter} is made of. */
export interface HeartbeatWriterOptions {
  readonly driver: MysqlDriver;
  readonly clock: Clock;
  readonly watch: ScopeWatch;
  readonly log: Log;
  /** How long a write may take: longer than semi-synchronous replication waits for a replica. */
  readonly timeoutMs: number;
}

const BEAT = "INSERT INTO realmgate_heartbeat (id, beat) " +
  "VALUES (1, CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)) " +
  "ON DUPLICATE KEY UPDATE beat = VALUES(beat)";

/**
 * Writes the heartbeat row of one shard's primary, with the primary's own clock. It has a
 * connection of its own: a write can hang where a look at the same server does not, be it for a
 * semi-synchronous replica that is gone.
 */
export class HeartbeatWriter {
  readonly #options: HeartbeatWriterOptions;
  #open: { readonly node: string; readonly session: MysqlSession } | undefined;
  #writing: Promise<void> | undefined;
  /** When the last write ended. */
  #wroteAt = 0;
  #closed = false;

  constructor(options: HeartbeatWriterOptions) {
    this.#options = options;
  }

  /** Whether a write is under way. */
  get busy(): boolean {
    return this.#writing !== undefined;
  }

  /** Writes the row on `node` unless a write is under way. Never fails: it says so in the log. */
  beat(node: string, target: MysqlTarget): void {
    if (this.#closed) return;
    this.#writing ??= this.#write(node, target).finally(() => this.#writing = undefined);
  }

  /** Closes the connection if nothing was written for a while: others do it now. */
  rest(): void {
    const { clock, watch } = this.#options;
    const idle = this.#open;
    if (idle === undefined || this.#writing !== undefined) return;
    if (clock.now() - this.#wroteAt <= REST_MS) return;
    this.#open = undefined;
    retireSession(idle.session, watch);
  }

  /** Ends the write under way, and the connection. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#drop();
    await this.#writing;
    this.#drop();
  }

  async #write(node: string, target: MysqlTarget): Promise<void> {
    const { driver, watch, log, timeoutMs } = this.#options;
    if (this.#open?.node !== node || this.#open.session.closed) this.#drop();
    const scope = watch.open({ timeoutMs });
    const giveUp = () => this.#drop();
    scope.onEnd(giveUp);
    try {
      this.#open ??= { node, session: await driver.connect(target, scope) };
      if (!this.#closed) await this.#open.session.query(BEAT);
    } catch (error) {
      this.#drop();
      if (!this.#closed) log.warn("heartbeat not written", { node, error });
    } finally {
      scope.offEnd(giveUp);
      scope.close();
      this.#wroteAt = this.#options.clock.now();
    }
  }

  #drop(): void {
    this.#open?.session.destroy();
    this.#open = undefined;
  }
}
