import { RealmgateError } from "../core/errors.ts";
import { isLockName, LOCK_NAME_RULE } from "../locks/lock_name.ts";

/** Bounds of a grant's time to live and of a wait, in milliseconds. */
export const TTL_MS = { min: 100, max: 600_000 };
/** See {@linkcode TTL_MS}. */
export const WAIT_MS = { min: 0, max: 60_000 };
/** Locks of one bulk renewal. */
export const MAX_RENEWALS = 500;
/** Names that begin so are the service's own. */
export const RESERVED = "realmgate:";

const MAX_OWNER = 128;
const TOKEN = /^[0-9a-f]{32}$/;

/** Reads the members of a request to a lock, and collects what is wrong with them. */
export class LockFields {
  readonly #members: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly #errors: { readonly param: string; readonly detail: string }[];

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
      readonly errors?: { readonly param: string; readonly detail: string }[];
    },
  ) {
    this.#path = options.path ?? "";
    this.#errors = options.errors ?? [];
    const plain = body !== null && typeof body === "object" && !Array.isArray(body);
    this.#members = plain ? body as Record<string, unknown> : {};
    if (!plain) this.#fault("", `must be an object with ${options.known.join(", ")}`);
    for (const member of Object.keys(this.#members)) {
      if (!options.known.includes(member)) this.#fault(member, "is not known here");
    }
  }

  /** A lock's name. */
  name(member: string): string {
    const value = this.#members[member];
    if (typeof value === "string" && isLockName(value)) return value;
    this.#fault(member, LOCK_NAME_RULE);
    return "";
  }

  /** A grant's token. */
  token(member: string): string {
    const value = this.#members[member];
    if (typeof value === "string" && isToken(value)) return value;
    this.#fault(member, "must be the token of a grant");
    return "";
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
    this.#fault(member, `must be a whole number of milliseconds from ${min} to ${max}`);
    return min;
  }

  /** Who asks: a short text, or the fallback where it is absent. */
  owner(member: string, fallback: string): string {
    const value = this.#members[member] ?? fallback;
    if (typeof value === "string" && value.length > 0 && value.length <= MAX_OWNER) return value;
    this.#fault(member, `must be a text of 1 to ${MAX_OWNER} characters`);
    return fallback;
  }

  /** A member as it is. */
  raw(member: string): unknown {
    return this.#members[member];
  }

  /** Says that a member is wrong. */
  refuse(member: string, detail: string): void {
    this.#fault(member, detail);
  }

  /** @throws {RealmgateError} `invalid_request` with everything that was wrong */
  done(): void {
    if (this.#errors.length > 0) throw invalidFields(this.#errors);
  }

  #fault(member: string, detail: string): void {
    const param = this.#path === ""
      ? member
      : member === ""
      ? this.#path
      : `${this.#path}.${member}`;
    this.#errors.push({ param: param === "" ? "body" : param, detail });
  }
}

/** Whether a text has the form of a grant's token. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** `invalid_request` for members, headers or parts of the address. */
export function invalidFields(
  errors: readonly { readonly param: string; readonly detail: string }[],
): RealmgateError {
  const [first] = errors;
  const more = errors.length > 1 ? `; and ${errors.length - 1} more` : "";
  return new RealmgateError(
    "invalid_request",
    `Cannot use the request: ${first?.param} ${first?.detail}${more}`,
    { extra: { errors } },
  );
}
