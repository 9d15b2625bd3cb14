import { join } from "node:path";
import { createConnection } from "mysql2/promise";
import { accountsFile } from "./accounts.ts";
import { copyFolder, dataTemplate, exists } from "./data_template.ts";
import { mariadbArguments } from "./mariadb_options.ts";
import { freePort } from "./ports.ts";
import { endProcess, rememberedPid, signalProcess, startServer } from "./process.ts";
import type { Programs } from "./programs.ts";
import { ADMINISTRATOR, type NodeRecord, socketFolder, type StackRecord } from "./stack_file.ts";
import { waitUntil } from "./wait.ts";

/** One row of an answer, by column name. */
export type Row = Readonly<Record<string, unknown>>;

/** What a server of the stack is made from. */
export interface MariadbServerOptions {
  readonly home: string;
  readonly node: Pick<NodeRecord, "name" | "shard" | "serverId"> & { readonly port?: number };
  readonly record: Pick<StackRecord, "database" | "tls" | "passwords">;
  readonly programs: Pick<Programs, "mariadbd" | "mariadbInstallDb">;
  /** Applies the rule of its shard after a start: writable, or a replica of the writable node. */
  readonly rejoin: (server: MariadbServer) => Promise<void>;
}

/**
 * One private MariaDB server of the stack. It outlives this process unless {@linkcode stop} is
 * called, and may be restarted by another one: `pid` always tells the process of now.
 */
export class MariadbServer {
  readonly name: string;
  readonly shard: string;
  readonly serverId: number;
  readonly host = "127.0.0.1";
  /** An administrator of the server. */
  readonly user = ADMINISTRATOR;
  readonly password: string;
  readonly database: string;
  readonly socket: string;
  readonly replicationPassword: string;
  /** A shell command that starts this server again after it was killed; works from any folder. */
  readonly restartCommand: string;
  readonly #options: MariadbServerOptions;
  readonly #folder: string;
  #port: number;

  constructor(options: MariadbServerOptions) {
    const { home, node, record } = options;
    this.#options = options;
    this.#folder = join(home, node.name);
    this.#port = node.port ?? 0;
    this.name = node.name;
    this.shard = node.shard;
    this.serverId = node.serverId;
    this.password = record.passwords.administrator;
    this.replicationPassword = record.passwords.replication;
    this.database = record.database;
    this.socket = join(socketFolder(home), `${node.name}.sock`);
    this.restartCommand = restartCommand(home, node.name);
  }

  /** 0 until the first start, which picks one where none was given. */
  get port(): number {
    return this.#port;
  }

  /** The process that runs now, or `undefined` while it is down. */
  get pid(): number | undefined {
    return rememberedPid(this.#pidFile);
  }

  /** Where its messages are. */
  get logFile(): string {
    return join(this.#folder, "server.log");
  }

  get #pidFile(): string {
    return join(this.#folder, "server.pid");
  }

  /**
   * Starts it, read-only and following nobody, on data that is made at the first start; returns
   * once it answers. Without a port it picks one, and another one if that was taken meanwhile.
   */
  async start(): Promise<void> {
    const data = join(this.#folder, "data");
    await Deno.mkdir(join(this.#folder, "tmp"), { recursive: true });
    const { home, programs } = this.#options;
    await Deno.mkdir(socketFolder(home), { recursive: true, mode: 0o700 });
    if (!await exists(data)) {
      await copyFolder(await dataTemplate(programs, join(home, "template")), data);
    }
    for (let attempt = 1;; attempt++) {
      const pick = this.#port === 0;
      if (pick) this.#port = freePort();
      try {
        return await this.#startOn(this.#port);
      } catch (error) {
        if (!pick || attempt === 5 || !String(error).includes("already in use")) throw error;
        this.#port = 0;
      }
    }
  }

  /** Sends a signal, SIGKILL by default. @throws if it is not running */
  kill(signal: Deno.Signal = "SIGKILL"): void {
    const { pid } = this;
    if (pid === undefined) {
      throw new Error(`Cannot signal ${this.name}: must be running, received ${signal}`);
    }
    signalProcess(pid, signal);
  }

  /**
   * Starts it again, ending it first if it still runs. It becomes writable only if its shard has
   * no writable node, otherwise a replica of that one.
   */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
    await this.#options.rejoin(this);
  }

  /** Ends it in order; returns when it is gone, does nothing if it already is. */
  async stop(): Promise<void> {
    await endProcess(this.#pidFile, { graceMs: 20_000 });
  }

  /** Throws its data away; it must not be running. The next start begins with none. */
  async forget(): Promise<void> {
    await Deno.remove(join(this.#folder, "data"), { recursive: true }).catch(() => {});
  }

  /**
   * Runs statements as the administrator, in the stack's database if it is there, and returns the
   * rows of the last one that has some.
   */
  async sql(text: string, options: { readonly timeoutMs?: number } = {}): Promise<Row[]> {
    const { timeoutMs = 30_000 } = options;
    const connection = await createConnection({
      socketPath: this.socket,
      user: this.user,
      password: this.password,
      connectTimeout: Math.min(timeoutMs, 5_000),
      multipleStatements: true,
      supportBigNumbers: true,
      bigNumberStrings: true,
      dateStrings: true,
      timezone: "Z",
      charset: "utf8mb4",
    });
    // A stopped server keeps its socket open and answers nothing.
    connection.on("error", () => {});
    try {
      const [answers] = await connection.query({
        sql: `SET @realmgate_database = (SELECT 1 FROM information_schema.schemata
                WHERE schema_name = '${this.database}');
              EXECUTE IMMEDIATE IF(@realmgate_database, 'USE \`${this.database}\`', 'DO 0');\n${text}`,
        timeout: timeoutMs,
      });
      await connection.end();
      const sets = (answers as unknown[]).filter((answer) => Array.isArray(answer));
      return (sets.at(-1) ?? []) as Row[];
    } finally {
      connection.destroy();
    }
  }

  async #startOn(port: number): Promise<void> {
    const { home, record, programs } = this.#options;
    const tls = join(home, "tls");
    const { pid, exited } = await startServer({
      command: programs.mariadbd,
      args: mariadbArguments({
        serverId: this.serverId,
        port,
        dataFolder: join(this.#folder, "data"),
        temporaryFolder: join(this.#folder, "tmp"),
        socket: this.socket,
        accounts: accountsFile(home),
        logFile: this.logFile,
        ...(record.tls
          ? {
            tls: {
              ca: join(tls, "ca.pem"),
              certificate: join(tls, "server.pem"),
              key: join(tls, "server.key"),
            },
          }
          : {}),
      }),
      pidFile: this.#pidFile,
      logFile: this.logFile,
    });
    let code: number | undefined;
    exited.then((ended) => code = ended);
    await waitUntil(async () => {
      if (code !== undefined) {
        throw new Error(
          `Cannot start ${this.name}: must stay up, received exit code ${code}; ` +
            `see ${this.logFile}\n${await tail(this.logFile)}`,
        );
      }
      return await this.sql("DO 1", { timeoutMs: 2_000 }).then(() => true, () => false);
    }, {
      what: `start ${this.name} (process ${pid})`,
      timeoutMs: 60_000,
      everyMs: 20,
      detail: () => tail(this.logFile),
    });
  }
}

/** The shell command that starts a server of a home again. */
export function restartCommand(home: string, node: string): string {
  const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
  const program = new URL("./restart.ts", import.meta.url).pathname;
  return `${quote(Deno.execPath())} run -A ${quote(decodeURIComponent(program))} ` +
    `--home ${quote(home)} --node ${node}`;
}

async function tail(file: string): Promise<string> {
  const text = await Deno.readTextFile(file).catch(() => "");
  return text.trim().split("\n").slice(-12).join("\n");
}
