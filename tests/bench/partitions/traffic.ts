import type { MysqlSession } from "../../../src/drivers/mysql.ts";

/** How long the calls of one kind took, in milliseconds. */
export class Durations {
  readonly #all: number[] = [];

  add(ms: number): void {
    this.#all.push(ms);
  }

  get count(): number {
    return this.#all.length;
  }

  /** The duration that so many percent of the calls stay within; 100 is the longest. */
  percentile(percent: number): number {
    const sorted = this.#all.toSorted((a, b) => a - b);
    return sorted[Math.max(0, Math.ceil(sorted.length * percent / 100) - 1)] ?? 0;
  }
}

/** What a phase's traffic met. */
export interface Met {
  readonly reads: Durations;
  readonly writes: Durations;
}

/** Point reads and single writes that go on, each session one after the other. */
export class Traffic {
  readonly #sessions: { readonly readers: MysqlSession[]; readonly writers: MysqlSession[] };
  readonly #sql: { readonly read: () => string; readonly write: () => string };
  #met: Met | undefined;
  #running = true;
  readonly #loops: Promise<void>[];

  /** Begins at once; {@linkcode stop} ends it. */
  constructor(
    sessions: { readonly readers: MysqlSession[]; readonly writers: MysqlSession[] },
    sql: { readonly read: () => string; readonly write: () => string },
  ) {
    this.#sessions = sessions;
    this.#sql = sql;
    this.#loops = [
      ...this.#sessions.readers.map((session) =>
        this.#loop(session, this.#sql.read, (met) => met.reads)
      ),
      ...this.#sessions.writers.map((session) =>
        this.#loop(session, this.#sql.write, (met) => met.writes)
      ),
    ];
  }

  /** What traffic meets that begins while `work` is under way, or until `leastMs` are over. */
  async during(
    work: () => Promise<unknown>,
    { leastMs }: { readonly leastMs: number },
  ): Promise<Met> {
    const met = this.#met = { reads: new Durations(), writes: new Durations() };
    await Promise.all([work(), new Promise((resolve) => setTimeout(resolve, leastMs))]);
    this.#met = undefined;
    // Those that began meanwhile and still wait count as well.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    return met;
  }

  /** Ends it once each session's call has ended. */
  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#loops);
  }

  async #loop(
    session: MysqlSession,
    sql: () => string,
    of: (met: Met) => Durations,
  ): Promise<void> {
    while (this.#running) {
      const met = this.#met;
      const beganAt = performance.now();
      await session.query(sql());
      if (met !== undefined) of(met).add(performance.now() - beganAt);
      // Leaves time for the server and for the others.
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
}
