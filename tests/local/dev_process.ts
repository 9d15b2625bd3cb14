import { join } from "node:path";
import { rememberedPid } from "../../deploy/local/process.ts";
import { ROOT } from "../../deploy/local/service_process.ts";
import { TextLineStream } from "../../deploy/local/text_lines.ts";
import { waitUntil } from "../../deploy/local/wait.ts";

/** What the tests read of `dev.json`. */
export interface DevFile {
  readonly url: string;
  readonly apiKey: string;
  readonly pid: number;
  readonly servicePid: number | null;
  readonly shards: readonly {
    readonly name: string;
    readonly primary: DevServer;
    readonly replicas: readonly DevServer[];
  }[];
  readonly redis: { readonly port: number; readonly pid: number; readonly restart: string };
}

/** One server in `dev.json`. */
export interface DevServer {
  readonly port: number;
  readonly pid: number | null;
  readonly restart: string;
}

/** One run of `deno task dev`; dispose it to end it and what it started. */
export class DevProcess implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly #home: string;
  readonly #child: Deno.ChildProcess;
  readonly #read: Promise<unknown>;
  readonly exited: Promise<number>;

  constructor(
    options: {
      readonly home: string;
      readonly args?: readonly string[];
      readonly env?: Readonly<Record<string, string>>;
    },
  ) {
    this.#home = options.home;
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", join(ROOT, "deploy/local/dev.ts"), ...(options.args ?? [])],
      cwd: ROOT,
      env: {
        PORT: "",
        INIT_CWD: ROOT,
        NO_COLOR: "1",
        REALMGATE_HOME: options.home,
        ...options.env,
      },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#read = Promise.all([this.#child.stdout, this.#child.stderr].map(async (stream) => {
      for await (const line of stream.pipeThrough(new TextLineStream())) this.lines.push(line);
    }));
    this.exited = this.#read.then(() => this.#child.status).then(({ code }) => code);
  }

  get text(): string {
    return this.lines.join("\n");
  }

  /** Waits until a line matches, and returns it. */
  line(pattern: RegExp, options: { readonly after?: number } = {}): Promise<string> {
    return waitUntil(
      () => this.lines.slice(options.after ?? 0).find((line) => pattern.test(line)),
      { what: `read ${pattern}`, timeoutMs: 60_000, detail: () => this.text },
    );
  }

  /** What `dev.json` says now. */
  async file(): Promise<DevFile> {
    return JSON.parse(await Deno.readTextFile(join(this.#home, "dev.json")));
  }

  /** Waits until `dev.json` says something. */
  fileWhere(holds: (file: DevFile) => boolean): Promise<DevFile> {
    return waitUntil(async () => {
      const file = await this.file();
      return holds(file) ? file : undefined;
    }, { what: "read that in dev.json", timeoutMs: 20_000, detail: () => this.text });
  }

  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** The processes of the home that still run. */
  async running(): Promise<string[]> {
    const found: string[] = [];
    for await (const { name, isDirectory } of Deno.readDir(this.#home)) {
      const pid = isDirectory ? rememberedPid(join(this.#home, name, "server.pid")) : undefined;
      if (pid !== undefined) found.push(`${name} ${pid}`);
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGTERM");
    } catch { /* it has ended */ }
    await this.exited;
  }
}
