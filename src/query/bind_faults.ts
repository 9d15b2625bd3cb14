import { RealmgateError } from "../core/errors.ts";
import { isRaw } from "./exact_json.ts";
import type { Refusal } from "./scalar_codec.ts";
import { didYouMean } from "./suggest.ts";

/** Faults past this many are counted, not told: a hostile request must cost little. */
const MOST = 20;
const SHOWN_CHARACTERS = 40;
/** Longer, so that the path of a value inside rows is told whole. */
const NAME_CHARACTERS = 100;

/** Collects what is wrong with the parameters of one call, to be told all at once. */
export class BindFaults {
  readonly #statement: string;
  readonly #errors: { param: string; detail: string }[] = [];
  #count = 0;

  constructor(statement: string) {
    this.#statement = statement;
  }

  /** Adds a fault of one parameter. */
  add(param: string, detail: string): void {
    this.#count++;
    if (this.#errors.length < MOST) {
      this.#errors.push({ param: shorten(param, NAME_CHARACTERS), detail });
    }
  }

  /** Adds a value that was refused; a secret one is not shown. */
  addRefusal(
    param: string,
    refusal: Refusal,
    options: { readonly received: unknown; readonly secret: boolean },
  ): void {
    const { secret } = options;
    const { received } = refusal.part ?? options;
    if (this.#errors.length >= MOST) this.#count++;
    else this.add(param, secret ? refusal.rule : `${refusal.rule}, received ${show(received)}`);
  }

  /** Adds a parameter that the statement does not have. */
  addUnknown(param: string, known: Iterable<string>): void {
    if (this.#errors.length >= MOST) this.#count++;
    else this.add(param, `is not a parameter of ${this.#statement}${didYouMean(param, known)}`);
  }

  /** Adds a column that rows do not have, by its path. */
  addUnknownColumn(
    path: string,
    options: { readonly name: string; readonly rows: string; readonly known: Iterable<string> },
  ): void {
    const { name, rows, known } = options;
    if (this.#errors.length >= MOST) this.#count++;
    else this.add(path, `is not a column of ${rows}${didYouMean(name, known)}`);
  }

  /** What the caller is told. */
  toError(): RealmgateError {
    const [first] = this.#errors;
    const others = this.#count > 1 ? ` (and ${this.#count - 1} more)` : "";
    return new RealmgateError(
      "invalid_request",
      `Cannot call ${this.#statement}: ${first?.param ?? ""} ${first?.detail ?? ""}${others}`,
      { extra: { errors: this.#errors } },
    );
  }
}

function show(received: unknown): string {
  if (received === null || typeof received === "number" || typeof received === "boolean") {
    return String(received);
  }
  if (typeof received === "string") {
    return JSON.stringify(shorten(received.toWellFormed(), SHOWN_CHARACTERS));
  }
  if (isRaw(received)) return shorten(received.rawJSON, SHOWN_CHARACTERS);
  return Array.isArray(received) ? "an array" : "an object";
}

function shorten(text: string, characters: number): string {
  return text.length <= characters ? text : `${text.slice(0, characters)}…`;
}
