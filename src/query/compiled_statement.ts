import type { Clock } from "../core/clock.ts";
import { RealmgateError } from "../core/errors.ts";
import type { Rows } from "../drivers/mysql.ts";
import { type Bound, CallBinder } from "./call_binder.ts";
import { type EncodeOptions, RowEncoder } from "./row_encoder.ts";
import type { Statement, StatementFacts } from "./statement.ts";

export type { Bound } from "./call_binder.ts";

/** One statement compiled for speed: it binds the parameters of a call and encodes its rows. */
export class CompiledStatement {
  readonly statement: Statement;
  readonly #binder: CallBinder | undefined;
  readonly #encoder: RowEncoder;
  #facts: StatementFacts | undefined;

  constructor(statement: Statement, options: { readonly clock: Clock }) {
    this.statement = statement;
    this.#binder = statement.unsupported === undefined
      ? new CallBinder(statement, options)
      : undefined;
    this.#encoder = new RowEncoder(statement);
  }

  /** What the servers said of it; `undefined` until they were asked. */
  get facts(): StatementFacts | undefined {
    return this.#facts;
  }

  /** Why it cannot run, or `undefined` where it can. */
  get unavailable(): string | undefined {
    return this.statement.unsupported ?? this.#facts?.unavailable;
  }

  /** Takes over what the servers said of it. */
  learn(facts: StatementFacts): void {
    this.#facts = facts;
  }

  /**
   * Binds the `params` of a JSON body, already parsed; numbers in it beyond 2^53 are refused.
   *
   * @throws {RealmgateError} `invalid_request` with every fault, `statement_unavailable`
   */
  bindJson(params: unknown): Bound {
    return (this.#binder ?? this.#refuse()).bindJson(params);
  }

  /**
   * Binds a raw query string, without its `?`.
   *
   * @throws {RealmgateError} `invalid_request` with every fault, `statement_unavailable`
   */
  bindQuery(search: string): Bound {
    return (this.#binder ?? this.#refuse()).bindQuery(search);
  }

  /**
   * The rows as JSON text: of `:one` the first row's object or `null`, else an array. 64-bit
   * integers are strings, or bare digits with `int64: "number"`.
   */
  encodeRows(result: Rows, options: EncodeOptions): string {
    return this.#encoder.encode(result, options);
  }

  #refuse(): never {
    const { name, unsupported } = this.statement;
    throw new RealmgateError("statement_unavailable", `Cannot run ${name}: ${unsupported}`, {
      retryAfterMs: 30_000,
    });
  }
}
