import { type CacheEvent, decodeMessage, type Intent } from "../../src/cache/cache_event.ts";
import { CoherenceLog } from "../../src/cache/coherence_log.ts";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import { type Log, silentLog } from "../../src/core/log.ts";
import { systemRandom } from "../../src/core/random.ts";
import { ScopeWatch } from "../../src/core/scope.ts";
import { IoredisClient } from "../../src/drivers/ioredis_client.ts";
import type { MysqlSession } from "../../src/drivers/mysql.ts";
import { Mysql2Driver } from "../../src/drivers/mysql2_driver.ts";
import type { ShardSpec, TopologySnapshot } from "../../src/routing/topology.ts";
import { unknownShard } from "../../src/routing/topology_view.ts";
import { IntentSweep, type IntentSweepOptions } from "../../src/service/intent_sweep.ts";
import { OutboxSweep } from "../../src/service/outbox_sweep.ts";
import type { TestServer } from "../pool/fixture.ts";
import { eventually } from "../support/eventually.ts";

/** The configured shard: `n` is the test's server, `old` answers nobody, `alias` is `n` again. */
const NODES = ["n", "old", "alias"];

/** A fleet of a test's own on one database server and one Redis, and sweeps of it. */
export class SweepSetting implements AsyncDisposable {
  readonly server: TestServer;
  readonly redis: IoredisClient;
  readonly events: CoherenceLog;
  readonly watch = new ScopeWatch({ clock: systemClock });
  /** What was published, in its order, and the size of each message. */
  readonly told: CacheEvent[] = [];
  readonly sizes: number[] = [];
  /** What the sweeps said in the log. */
  readonly lines: string[] = [];
  /** The shard's primary and epoch, as the sweeps know it. */
  primary: string | null = "n";
  epoch = "7";
  /** By how much the sweeps' clock is ahead, in milliseconds. */
  ahead = 0;
  readonly #cleanUp = new AsyncDisposableStack();
  readonly #driver = new Mysql2Driver();

  /** Use {@linkcode SweepSetting.open}. */
  constructor(server: TestServer) {
    this.server = server;
    this.#cleanUp.defer(() => this.watch.close());
    this.redis = new IoredisClient({
      server: { kind: "url", url: server.stack.redis.url },
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      timeoutMs: 500,
      heartbeatMs: 100,
    });
    this.#cleanUp.defer(() => this.redis.close());
    this.events = new CoherenceLog({ redis: this.redis, fleet: systemRandom.token().slice(0, 8) });
  }

  static async open(server: TestServer): Promise<SweepSetting> {
    const setting = new SweepSetting(server);
    await setting.redis.start();
    await setting.redis.subscribe(setting.events.channel, (text) => {
      setting.sizes.push(text.length);
      setting.told.push(...decodeMessage(text).events);
    });
    return setting;
  }

  /** A sweep of the outbox, as one process has it. */
  outbox(options: { readonly keepMs?: number } = {}): {
    sweep(): Promise<void>;
    purge(): Promise<void>;
  } {
    const { keepMs = 60_000 } = options;
    const outbox = new OutboxSweep({
      ...this.#common,
      shard: "s1",
      events: this.events,
      keepMs: () => keepMs,
    });
    this.#cleanUp.defer(() => outbox.close());
    const primary = () => ({ node: "n", target: this.server.target, epoch: this.epoch });
    return { sweep: () => outbox.sweep(primary()), purge: () => outbox.purge(primary()) };
  }

  /** A sweep of the intents, as one process has it; it leaves writers no time unless told so. */
  intents(options: Partial<IntentSweepOptions> = {}): IntentSweep {
    const intents = new IntentSweep({
      ...this.#common,
      shards: this.shards,
      targetOf: ({ name }) => ({
        ...this.server.target,
        // Nobody listens on port 1.
        ...(name === "old" ? { port: 1 } : {}),
      }),
      proxied: false,
      topology: () => this.topology,
      events: this.events,
      graceMs: 0,
      ...options,
    });
    this.#cleanUp.defer(async () => {
      const closed = intents.close();
      this.watch.endAll("shutting_down");
      await closed;
    });
    return intents;
  }

  /** What is known of the shard. */
  get topology(): TopologySnapshot {
    const { primary, epoch } = this;
    const status = primary === null ? "no_primary" : "ok";
    return { at: 0, shards: [{ ...unknownShard(this.#spec), primary, epoch, status }] };
  }

  /** The shards as they are configured. */
  get shards(): readonly ShardSpec[] {
    return [this.#spec];
  }

  /** A session of the service's account, such as a write's. */
  async session(): Promise<MysqlSession> {
    const scope = this.watch.open({ timeoutMs: 20_000 });
    this.#cleanUp.defer(() => scope.close());
    const session = await this.#driver.connect(this.server.target, scope);
    this.#cleanUp.defer(() => session.destroy());
    return session;
  }

  /** Records an intent whose time is over at once. */
  async intend(write: Partial<Intent> & Pick<Intent, "id" | "connection">): Promise<void> {
    const tags = [`tag:${write.id}`];
    await this.events.record([
      { kind: "intent", tags, shard: "s1", node: "n", limitMs: 0, ...write },
    ]);
    await eventually(async () => (await this.unsettled()).includes(write.id));
  }

  /** The ids of the intents that nobody has settled. */
  async unsettled(): Promise<string[]> {
    return (await this.events.overdue()).map(({ id }) => id).sort();
  }

  /** What was told of the ends of writes. */
  get ends(): CacheEvent[] {
    return this.told.filter(({ kind }) => kind === "done" || kind === "aborted");
  }

  /** Where the server is now. */
  async position(): Promise<string> {
    return String(await this.server.value("SELECT @@gtid_binlog_pos"));
  }

  /** The tags of the outbox's rows. */
  async rows(): Promise<string[]> {
    const rows = await this.server.node.sql("SELECT tags FROM realmgate_outbox ORDER BY id");
    return rows.map(({ tags }) => String(tags));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cleanUp.disposeAsync();
    await this.server.node.sql("DELETE FROM realmgate_outbox");
  }

  get #spec(): ShardSpec {
    const { host, port } = this.server.target;
    const nodes = NODES.map((name) => ({ name, shard: "s1", host, port, weight: 1 }));
    return { name: "s1", role: "auto", nodes };
  }

  get #common() {
    const line: Log["info"] = (message, { why, rows, writes, error } = {}) => {
      this.lines.push([message, why ?? rows ?? writes ?? error ?? ""].join(": "));
    };
    const clock: Clock = { ...systemClock, now: () => systemClock.now() + this.ahead };
    const log: Log = { ...silentLog, info: line, warn: line };
    return { driver: this.#driver, watch: this.watch, clock, log };
  }
}
