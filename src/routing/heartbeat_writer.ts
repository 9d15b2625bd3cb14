import type { Log } from "../core/log.ts";
import type { MysqlTarget } from "../drivers/mysql.ts";
import { KeptSession, type KeptSessionOptions } from "./kept_session.ts";

/** What a {@linkcode HeartbeatWriter} is made of. */
export interface HeartbeatWriterOptions extends KeptSessionOptions {
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
  readonly #session: KeptSession;
  #closed = false;

  constructor(options: HeartbeatWriterOptions) {
    this.#options = options;
    this.#session = new KeptSession(options);
  }

  /** Whether a write is under way. */
  get busy(): boolean {
    return this.#session.busy;
  }

  /** Writes the row on `node` unless a write is under way. Never fails: it says so in the log. */
  beat(node: string, target: MysqlTarget): void {
    if (this.#closed || this.busy) return;
    const { log, timeoutMs } = this.#options;
    this.#session.use({ node, target, timeoutMs }, (session) => session.query(BEAT)).catch(
      (error: unknown) => {
        if (!this.#closed) log.warn("heartbeat not written", { node, error });
      },
    );
  }

  /** Closes the connection if nothing was written for a while: others do it now. */
  rest(): void {
    this.#session.rest();
  }

  /** Ends the write under way, and the connection. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#session.close();
  }
}
