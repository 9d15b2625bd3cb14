import { RealmgateError } from "../core/errors.ts";

/** What is wrong with one member, header or part of the address. */
export interface FieldFault {
  readonly param: string;
  readonly detail: string;
}

/** Faults of one list that are told. */
const MAX_FAULTS = 20;

/** Reads the members of a JSON body, and collects what is wrong with them. */
export class BodyFields {
  readonly #members: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly #errors: FieldFault[];

  /**
   * @param body a parsed JSON body, or a member of one
   * @param options.path where it stands in the body, for messages
   * @param options.errors collects with those of other objects
   */
  constructor(
    body: unknown,
    options: {
      readonly known: readonly string[];
      readonly path?: string;
      readonly errors?: FieldFault[];
    },
  ) {
    this.#path = options.path ?? "";
    this.#errors = options.errors ?? [];
    const plain = body !== null && typeof body === "object" && !Array.isArray(body);
    this.#members = plain ? body as Record<string, unknown> : {};
    if (!plain) this.refuse("", `must be an object with ${options.known.join(", ")}`);
    for (const member of Object.keys(this.#members)) {
      if (!options.known.includes(member)) this.refuse(member, "is not known here");
    }
  }

  /** A whole number of milliseconds within bounds; `fallback` where it is absent. */
  milliseconds(
    member: string,
    bounds: { readonly min: number; readonly max: number; readonly fallback?: number },
  ): number {
    const value = this.#members[member] ?? bounds.fallback;
    const { min, max } = bounds;
    if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) {
      return value;
    }
    this.refuse(member, `must be a whole number of milliseconds from ${min} to ${max}`);
    return min;
  }

  /** The different texts of a list; none where it is absent. */
  texts(
    member: string,
    rules: {
      readonly max: number;
      readonly accepts: (text: string) => boolean;
      /** What the texts must be, in words. */
      readonly rule: string;
    },
  ): readonly string[] {
    const value = this.#members[member] ?? [];
    if (!Array.isArray(value) || value.length > rules.max) {
      this.refuse(member, `must be a list of at most ${rules.max} texts`);
      return [];
    }
    const accepted = (item: unknown) => typeof item === "string" && rules.accepts(item);
    const bad = value.flatMap((item, at) => accepted(item) ? [] : [at]).slice(0, MAX_FAULTS);
    for (const at of bad) this.refuse(`${member}[${at}]`, rules.rule);
    return [...new Set<string>(value.filter(accepted))];
  }

  /** Whether something is so; it is not where the member is absent, which `null` is not. */
  flag(member: string): boolean {
    const value = this.#members[member];
    if (value !== undefined && typeof value !== "boolean") {
      this.refuse(member, "must be true or false");
    }
    return value === true;
  }

  /** A member as it is. */
  raw(member: string): unknown {
    return this.#members[member];
  }

  /** Says that a member is wrong. */
  refuse(member: string, detail: string): void {
    const param = this.#path === ""
      ? member
      : member === ""
      ? this.#path
      : `${this.#path}.${member}`;
    this.#errors.push({ param: param === "" ? "body" : param, detail });
  }

  /** @throws {RealmgateError} `invalid_request` with everything that was wrong */
  done(): void {
    if (this.#errors.length > 0) throw invalidFields(this.#errors);
  }
}

/** `invalid_request` for members, headers or parts of the address. */
export function invalidFields(errors: readonly FieldFault[]): RealmgateError {
  const [first] = errors;
  const more = errors.length > 1 ? `; and ${errors.length - 1} more` : "";
  return new RealmgateError(
    "invalid_request",
    `Cannot use the request: ${first?.param} ${first?.detail}${more}`,
    { extra: { errors } },
  );
}
