import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { TextLineStream } from "./text_lines.ts";
import { freePort } from "./ports.ts";
import { rememberProcess, signalProcess } from "./process.ts";
import { waitUntil } from "./wait.ts";

/** The checkout's folder. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The service drains for up to 25 s. */
const STOP_MS = 27_000;
const LINES_KEPT = 2_000;

/** How a service process is started. */
export interface ServiceOptions {
  /** Everything its configuration asks for, `REALMGATE_CONFIG` included. */
  readonly environment: Readonly<Record<string, string>>;
  /** Its own folder while it runs: a later run finds it there should it be left behind. */
  readonly folder: string;
  /** @default {a free one} */
  readonly port?: number;
  /** Overrides the configuration's, where that one takes it from `REALMGATE_ISOLATES`. */
  readonly isolates?: number;
  /** Told of each line that it writes. @default {nobody} */
  readonly onLine?: (line: string) => void;
}

/**
 * The arguments of `deno` that start the service, with the least permissions that it works with: it
 * reads its realm, and its own modules for the worker isolates. Redis's client reads the whole
 * environment.
 *
 * @param configFile the configuration; its folder is the realm
 */
export function serviceArguments(configFile: string): string[] {
  return [
    "run",
    "--no-prompt",
    "--allow-net",
    "--allow-env",
    `--allow-read=${join(ROOT, "main.ts")},${join(ROOT, "src")},${dirname(resolve(configFile))}`,
    join(ROOT, "main.ts"),
    "serve",
  ];
}

/**
 * One process of the service, in a session of its own. It ends by {@linkcode stop}, or as it
 * likes: `exited` tells.
 */
export class ServiceProcess implements AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  readonly url: string;
  /** Its exit code, once it has ended. */
  readonly exited: Promise<number>;
  /** The last lines that it wrote, of both outputs. */
  readonly logs: string[] = [];
  #exitCode: number | undefined;
  #stopped: Promise<number> | undefined;

  private constructor(
    child: Deno.ChildProcess,
    options: ServiceOptions & { readonly port: number },
  ) {
    this.pid = child.pid;
    this.port = options.port;
    this.url = `http://127.0.0.1:${options.port}`;
    const read = [child.stdout, child.stderr].map((stream) =>
      this.#collect(stream, options.onLine)
    );
    this.exited = this.#watch(child, read, options.folder);
  }

  /** Starts one; returns at once, before it serves. */
  static async start(options: ServiceOptions): Promise<ServiceProcess> {
    const { environment, isolates, port = freePort() } = options;
    const child = new Deno.Command(Deno.execPath(), {
      args: serviceArguments(environment["REALMGATE_CONFIG"] ?? ""),
      cwd: ROOT,
      env: {
        ...environment,
        PORT: String(port),
        ...(isolates === undefined ? {} : { REALMGATE_ISOLATES: String(isolates) }),
      },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      detached: true,
    }).spawn();
    const service = new ServiceProcess(child, { ...options, port });
    await rememberProcess(join(options.folder, "server.pid"), child.pid);
    return service;
  }

  /** Whether it has ended. */
  get ended(): boolean {
    return this.#exitCode !== undefined;
  }

  /** Returns once `/readyz` answers 200. @throws if it ends before, or takes too long */
  async ready(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    const messages = () => this.logs.slice(-20).join("\n");
    await waitUntil(async () => {
      if (this.ended) {
        throw new Error(
          `Cannot start the service: must stay up, received exit code ${this.#exitCode}\n` +
            messages(),
        );
      }
      return await answersOk(`${this.url}/readyz`);
    }, {
      what: "see the service ready",
      timeoutMs: options.timeoutMs ?? 120_000,
      everyMs: 30,
      detail: messages,
    });
  }

  /** Sends a signal; nothing happens if it has ended. */
  kill(signal: Deno.Signal = "SIGKILL"): void {
    if (!this.ended) signalProcess(this.pid, signal);
  }

  /** Ends it in order: SIGTERM, and SIGKILL should it not be gone in time. Returns its exit code. */
  stop(): Promise<number> {
    return this.#stopped ??= this.#stop();
  }

  /** By its id: its folder may already be that of the next process. */
  async #stop(): Promise<number> {
    this.kill("SIGTERM");
    const timer = setTimeout(() => this.kill("SIGKILL"), STOP_MS);
    try {
      return await this.exited;
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #watch(
    child: Deno.ChildProcess,
    read: readonly Promise<void>[],
    folder: string,
  ): Promise<number> {
    const { code } = await child.status;
    await Promise.all(read);
    this.#exitCode = code;
    await Deno.remove(folder, { recursive: true }).catch(() => {});
    return code;
  }

  async #collect(
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
    onLine: ((line: string) => void) | undefined,
  ): Promise<void> {
    for await (const line of stream.pipeThrough(new TextLineStream())) {
      this.logs.push(line);
      if (this.logs.length > LINES_KEPT) this.logs.shift();
      onLine?.(line);
    }
  }
}

async function answersOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    return false;
  }
}
