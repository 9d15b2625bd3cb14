import { join } from "node:path";
import { readStatementFiles } from "../../src/service/statement_files.ts";
import { curlLine } from "./curl_line.ts";
import { DevJson } from "./dev_json.ts";
import { SERVICE_FOLDER } from "./leftovers.ts";
import { prettyLine } from "./pretty_log.ts";
import type { ServedRealm } from "./served_realm.ts";
import { ROOT, ServiceProcess } from "./service_process.ts";
import { choosePort } from "./serving_port.ts";
import { ServiceSupervisor } from "./supervisor.ts";
import { type Reaction, watchFiles } from "./watcher.ts";

const LOOK_MS = 1_000;

/** What a session of `deno task dev` is made of. */
export interface DevSessionOptions {
  readonly realm: ServedRealm;
  readonly home: string;
  /** The value of `PORT`. */
  readonly port: string | undefined;
  readonly print: (line: string) => void;
  readonly color: boolean;
}

/**
 * Serves a realm until it is stopped: keeps the service running, brings saved files into it, and
 * keeps `dev.json` true.
 */
export class DevSession {
  readonly #options: DevSessionOptions;
  readonly #devJson: DevJson;
  readonly #supervisor: ServiceSupervisor;
  readonly #down = new Set<string>();
  #address: { readonly port: number; readonly url: string } | undefined;
  #watcher: Disposable | undefined;
  #stopped: Promise<void> | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: DevSessionOptions) {
    this.#options = options;
    this.#devJson = new DevJson(options.home);
    this.#supervisor = new ServiceSupervisor({
      start: () => this.#startService(),
      tell: (text) => options.print(text),
      onChange: () => this.#update(),
    });
  }

  /** Where it serves, once started. */
  get url(): string {
    return this.#address?.url ?? "";
  }

  /** Chooses the port, starts the service, and resolves when that is ready. */
  async start(): Promise<void> {
    const { realm, port: asked, print } = this.#options;
    const usual = (await realm.configOn(undefined)).listen.port;
    const port = choosePort({ asked, usual, notice: print });
    const { listen, statements } = await realm.configOn(port);
    if (listen.port !== port) {
      throw new Error(
        `Cannot serve on port ${port}: the configuration must take its port from PORT ` +
          `(port: \${PORT:-${listen.port}}), received the fixed port ${listen.port}`,
      );
    }
    const host = listen.hostname === "0.0.0.0" ? "127.0.0.1" : listen.hostname;
    this.#address = { port, url: `http://${host}:${port}` };
    this.#watch(statements);
    await this.#supervisor.start();
    if (this.#stopped !== undefined) return;
    this.#timer = setInterval(() => this.#update(), LOOK_MS);
    this.#update();
    await this.#writing;
  }

  /** A curl command that works when it is pasted, if a statement has examples for one. */
  async curl(): Promise<string | undefined> {
    const { realm } = this.#options;
    const { statements } = await realm.configOn(this.#address?.port);
    const sources = await readStatementFiles(statements);
    return curlLine({ sources, url: this.url, apiKey: realm.apiKey });
  }

  /** Ends the service in order, then the servers. */
  stop(): Promise<void> {
    return this.#stopped ??= this.#stop();
  }

  async #stop(): Promise<void> {
    this.#watcher?.[Symbol.dispose]();
    await this.#supervisor.stop();
    clearInterval(this.#timer);
    await this.#writing;
    await this.#options.realm.stop();
    await this.#devJson.remove();
  }

  #startService(): Promise<ServiceProcess> {
    const { realm, home, print, color } = this.#options;
    return ServiceProcess.start({
      environment: realm.environment,
      folder: join(home, SERVICE_FOLDER),
      ...(this.#address === undefined ? {} : { port: this.#address.port }),
      onLine: (line) => print(prettyLine(line, { color })),
    });
  }

  #watch(statements: string): void {
    const { folder, environment } = this.#options.realm;
    const configuration = environment["REALMGATE_CONFIG"];
    const migrations = join(folder, "migrations") + "/";
    const source = join(ROOT, "src") + "/";
    const entries = ["main.ts", "deno.json"].map((name) => join(ROOT, name));
    this.#watcher = watchFiles({
      folders: [
        { path: ROOT, recursive: false },
        { path: join(ROOT, "src"), recursive: true },
        { path: folder, recursive: false },
        { path: join(folder, "migrations"), recursive: false },
        { path: statements, recursive: true },
      ],
      reactionTo(path): Reaction | undefined {
        if (entries.includes(path) || path === configuration) return "restart";
        if (path.startsWith(source) && path.endsWith(".ts")) return "restart";
        if (path.startsWith(migrations)) return path.endsWith(".sql") ? "migrate" : undefined;
        if (!path.startsWith(statements + "/")) return undefined;
        // Folders too, whose files tell of nothing where the whole is moved; and the link that
        // Kubernetes and its like replace once a volume's new files are complete.
        return /(^|\/)([^./]+|[^/]*\.sql|\.\.data)$/.test(path) ? "reload" : undefined;
      },
      on: (reaction, paths) => this.#react(reaction, paths),
    });
  }

  #react(reaction: Reaction, paths: readonly string[]): void {
    const { print } = this.#options;
    const names = paths.map((path) => path.slice(path.lastIndexOf("/") + 1)).join(", ");
    switch (reaction) {
      case "restart":
        print(`${names} saved: restarting the service`);
        return this.#supervisor.restart();
      case "reload":
        return this.#supervisor.reload();
      case "migrate":
        return print(`${names} saved: start deno task dev again to apply new migrations`);
    }
  }

  /** Brings `dev.json` up to date, and says which servers went down or came back. */
  #update(): void {
    const { realm, print } = this.#options;
    const nodes = realm.stack?.shards.flatMap((shard) => [shard.primary, ...shard.replicas]) ?? [];
    for (const server of realm.stack === undefined ? [] : [...nodes, realm.stack.redis]) {
      if (server.pid === undefined && !this.#down.has(server.name)) {
        this.#down.add(server.name);
        print(`${server.name} is down; to start it again: ${server.restartCommand}`);
      } else if (server.pid !== undefined && this.#down.delete(server.name)) {
        print(`${server.name} is up again`);
      }
    }
    const state = {
      url: this.url,
      apiKey: realm.apiKey,
      servicePid: this.#supervisor.current?.pid,
      stack: realm.stack,
      environment: realm.environment,
    };
    this.#writing = this.#writing.then(() => this.#devJson.write(state));
  }
}
