import { codeOf, isNotApplied, outcomeOf, unpackBatch, versionIn } from "./answers.ts";
import type { ReadEvent, RequestEvent } from "./events.ts";
import { type HttpRequest, type HttpResult, KeptConnection } from "./kept_connection.ts";
import { KnownAnswers } from "./known_answers.ts";
import type { Recording } from "./recording.ts";
import {
  dropRequest,
  type ReadForm,
  readRequest,
  type WriteForm,
  writeRequest,
} from "./requests.ts";
import type { Route } from "./statements.ts";

/** After that a request counts as hung; longer than any deadline and any stop of a process. */
const PATIENCE_MS = 15_000;

/** What clients of one system have in common. */
export interface GatewayOptions {
  readonly urls: readonly string[];
  readonly apiKey: string;
  readonly recording: Recording;
  readonly clock: () => number;
}

/** How a write ended, for whoever counts versions. */
export type WriteOutcome = "acknowledged" | "refused" | "unknown";

interface Call {
  readonly key: number;
  readonly statement: string;
  readonly form: ReadForm | WriteForm;
  readonly request: HttpRequest;
}

/** One client with one kept-alive connection to one service process; tells all that it sees. */
export class GatewayClient {
  readonly process: number;
  readonly #options: GatewayOptions;
  readonly #connection: KeptConnection;
  readonly #known = new KnownAnswers();

  constructor(name: string, options: GatewayOptions & { readonly process: number }) {
    const { urls, process } = options;
    this.process = process;
    this.#options = options;
    this.#connection = new KeptConnection(name, urls[process] ?? "");
  }

  /** Reads a key; `false` if there was nobody to ask. */
  async read(
    key: number,
    route: Route,
    options: {
      /** @default {"get"} */
      readonly form?: ReadForm;
      readonly asNumbers?: boolean;
      /** Whether to ask if what this client has is still true. */
      readonly again?: boolean;
    } = {},
  ): Promise<boolean> {
    const { form = "get", asNumbers = false, again = false } = options;
    const name = `${key} ${route.read} ${form} ${asNumbers}`;
    const etag = again ? this.#known.etagOf(name) : undefined;
    const { event, result } = await this.#send({
      key,
      statement: route.read,
      form,
      request: readRequest(key, route, { form, asNumbers, etag }),
    });
    if (event === undefined) return false;
    const version = this.#known.take(name, result);
    const source = result.kind === "answered" ? result.headers.get("realmgate-source") ?? "" : "";
    const read: ReadEvent = { ...event, version, source };
    this.#options.recording.reads.push(read);
    return true;
  }

  /** Reads a key from its primary, and records what it has by now; `undefined` where it failed. */
  async prove(key: number, route: Route): Promise<number | undefined> {
    const { recording, clock } = this.#options;
    const request = readRequest(key, route, { form: "get", strong: true });
    const { result } = await this.#send({ key, statement: route.read, form: "get", request });
    const version = versionIn(result);
    if (version === undefined) return undefined;
    recording.prove({ key, version, at: clock(), acknowledgedOn: undefined });
    return version;
  }

  /** Writes a key, whose writers must take turns; records its new version if that is certain. */
  async write(key: number, route: Route, form: WriteForm = "exec"): Promise<WriteOutcome> {
    const { recording, clock } = this.#options;
    const known = recording.versionOf(key);
    const request = writeRequest(key, route, form);
    const { event, result } = await this.#send({ key, statement: route.write, form, request });
    if (event === undefined) return "refused";
    recording.writes.push(event);
    if (event.outcome !== "answered") return isNotApplied(result) ? "refused" : "unknown";
    if (known !== undefined) {
      const { connection: acknowledgedOn } = event;
      recording.prove({ key, version: known + 1, at: clock(), acknowledgedOn });
    }
    return "acknowledged";
  }

  /** Has caches drop what they have of a key that got this version; `false` where that failed. */
  async drop(key: number, version: number): Promise<boolean> {
    const { recording, clock } = this.#options;
    const request = dropRequest(key);
    const { event } = await this.#send({ key, statement: "invalidate", form: "exec", request });
    if (event === undefined) return false;
    recording.writes.push(event);
    if (event.outcome !== "answered") return false;
    recording.prove({ key, version, at: clock(), acknowledgedOn: event.connection });
    return true;
  }

  /** Ends what is under way. */
  close(): void {
    this.#connection.close();
  }

  async #send(
    { key, statement, form, request }: Call,
  ): Promise<{ readonly event: RequestEvent | undefined; readonly result: HttpResult }> {
    const { apiKey, clock } = this.#options;
    const headers = { authorization: `Bearer ${apiKey}`, ...request.headers };
    const startedAt = clock();
    const got = await this.#connection.send({ ...request, headers }, { patienceMs: PATIENCE_MS });
    const result = form === "batch" ? unpackBatch(got) : got;
    if (result.kind === "not_sent") return { event: undefined, result };
    const event: RequestEvent = {
      key,
      statement,
      form,
      connection: this.#connection.id,
      process: this.process,
      startedAt,
      endedAt: clock(),
      outcome: outcomeOf(result),
      code: codeOf(result),
    };
    return { event, result };
  }
}
