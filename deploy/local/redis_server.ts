import { createConnection } from "node:net";
import { join } from "node:path";
import { restartCommand } from "./mariadb_server.ts";
import { freePort } from "./ports.ts";
import { endProcess, rememberedPid, signalProcess, startServer } from "./process.ts";
import { waitUntil } from "./wait.ts";

/** The name of the Redis server among the stack's nodes. */
export const REDIS_NODE = "redis";

const DATA_ARGS = [
  ...["--save", "", "--appendonly", "yes", "--appendfsync", "everysec"],
  ...["--maxmemory-policy", "noeviction"],
];

/** What a {@linkcode RedisServer} is made of. */
export interface RedisServerOptions {
  readonly home: string;
  /** 0 to pick one. */
  readonly port: number;
  readonly program: string;
  /** Its folder's name in the home. @default {REDIS_NODE} */
  readonly name?: string;
  /** Further arguments, which win over those of the stack. @default {none} */
  readonly args?: readonly string[];
  /** Makes it a Sentinel with these lines as its first configuration. @default {a server} */
  readonly sentinel?: readonly string[];
  /** Further variables of its environment. @default {none} */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * The private Redis server of the stack. It outlives this process unless {@linkcode stop} is
 * called, and keeps its data in an append-only file.
 */
export class RedisServer {
  readonly name: string;
  readonly host = "127.0.0.1";
  /** A shell command that starts it again after it was killed; works from any folder. */
  readonly restartCommand: string;
  readonly #folder: string;
  readonly #options: RedisServerOptions;
  #port: number;

  constructor(options: RedisServerOptions) {
    this.name = options.name ?? REDIS_NODE;
    this.#folder = join(options.home, this.name);
    this.#options = options;
    this.#port = options.port;
    this.restartCommand = restartCommand(options.home, this.name);
  }

  /** 0 until the first start, which picks one where none was given. */
  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `redis://${this.host}:${this.#port}`;
  }

  /** The process that runs now, or `undefined` while it is down. */
  get pid(): number | undefined {
    return rememberedPid(this.#pidFile);
  }

  get #pidFile(): string {
    return join(this.#folder, "server.pid");
  }

  /** Starts it; returns once it has loaded its data and answers. */
  async start(): Promise<void> {
    await Deno.mkdir(join(this.#folder, "data"), { recursive: true });
    // redis-check-rdb is the same program and becomes the server when it is called redis-server.
    const program = join(this.#folder, "redis-server");
    await Deno.remove(program).catch(() => {});
    await Deno.symlink(this.#options.program, program);
    for (let attempt = 1;; attempt++) {
      const pick = this.#port === 0;
      if (pick) this.#port = freePort();
      try {
        return await this.#startOn(program);
      } catch (error) {
        if (!pick || attempt === 5 || !String(error).includes("Address already in use")) {
          throw error;
        }
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

  /** Starts it again, ending it first if it still runs. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Ends it in order; returns when it is gone, does nothing if it already is. */
  async stop(): Promise<void> {
    await endProcess(this.#pidFile, { graceMs: 10_000 });
  }

  /** Throws its data away; it must not be running. The next start begins with none. */
  async forget(): Promise<void> {
    await Deno.remove(join(this.#folder, "data"), { recursive: true }).catch(() => {});
  }

  /** A Sentinel keeps what it learns in its configuration, so that is written once. */
  async #sentinelFile(lines: readonly string[]): Promise<string> {
    const file = join(this.#folder, "sentinel.conf");
    const known = await Deno.stat(file).then(() => true, () => false);
    if (!known) await Deno.writeTextFile(file, `${lines.join("\n")}\n`);
    return file;
  }

  async #startOn(program: string): Promise<void> {
    const logFile = join(this.#folder, "server.log");
    const { args = [], env = {}, sentinel } = this.#options;
    const { exited } = await startServer({
      command: program,
      args: [
        ...(sentinel === undefined ? [] : [await this.#sentinelFile(sentinel), "--sentinel"]),
        ...["--port", String(this.#port), "--bind", this.host],
        ...["--dir", join(this.#folder, "data"), "--daemonize", "no"],
        ...(sentinel === undefined ? DATA_ARGS : []),
        ...args,
      ],
      env,
      pidFile: this.#pidFile,
      logFile,
    });
    let code: number | undefined;
    exited.then((ended) => code = ended);
    const messages = async () =>
      (await Deno.readTextFile(logFile).catch(() => "")).trim().split("\n").slice(-8).join("\n");
    await waitUntil(async () => {
      if (code !== undefined) {
        throw new Error(
          `Cannot start ${this.name}: must stay up, received exit code ${code}; ` +
            `see ${logFile}\n${await messages()}`,
        );
      }
      return await answersPing(this.host, this.#port) && code === undefined;
    }, { what: `start ${this.name}`, timeoutMs: 30_000, everyMs: 20, detail: messages });
  }
}

/** Whether a Redis server on that port answers PING with PONG. */
export function answersPing(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port });
    const answer = (yes: boolean) => {
      socket.destroy();
      resolve(yes);
    };
    socket.setTimeout(1_000, () => answer(false));
    socket.on("error", () => answer(false));
    socket.on("connect", () => socket.write("PING\r\n"));
    socket.on("data", (data: Uint8Array) => answer(new TextDecoder().decode(data) === "+PONG\r\n"));
  });
}
