import { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";
import { RealmgateError } from "../core/errors.ts";

/** An API key as the configuration has it. */
export interface ApiKey {
  readonly name: string;
  /** SHA-256 of the key, in lower-case hexadecimal. */
  readonly sha256: string;
  readonly scopes: readonly string[];
}

/** Who sent a request. */
export interface Principal {
  /** The key's name, which logs may show. */
  readonly name: string;
  readonly scopes: ReadonlySet<string>;
}

const BEARER = /^Bearer +([\x21-\x7e]+) *$/i;

/**
 * Tells who sent a request by its `Authorization` header.
 *
 * A key is compared by its hash with every configured one in constant time; one that was accepted
 * is remembered by its header, so that the next request costs a look-up. What is remembered is
 * bounded by the number of keys times a few spellings of the header.
 */
export class Authenticator {
  readonly #keys: readonly { readonly hash: Buffer; readonly principal: Principal }[];
  readonly #known = new Map<string, Principal>();
  readonly #maxKnown: number;

  constructor(keys: readonly ApiKey[]) {
    this.#keys = keys.map(({ name, sha256, scopes }) => ({
      hash: Buffer.from(sha256, "hex"),
      principal: { name, scopes: new Set(scopes) },
    }));
    this.#maxKnown = keys.length * 4;
  }

  /** @throws {RealmgateError} `unauthenticated` */
  authenticate(header: string | null): Principal {
    if (header === null) throw refused("send the header Authorization: Bearer <key>");
    return this.#known.get(header) ?? this.#verify(header);
  }

  #verify(header: string): Principal {
    const key = BEARER.exec(header)?.[1];
    if (key === undefined) throw refused("the Authorization header must be Bearer <key>");
    const hash = createHash("sha256").update(key).digest();
    let found: Principal | undefined;
    for (const candidate of this.#keys) {
      if (timingSafeEqual(candidate.hash, hash)) found = candidate.principal;
    }
    if (found === undefined) throw refused("the key is not known");
    if (this.#known.size < this.#maxKnown) this.#known.set(header, found);
    return found;
  }
}

/** @throws {RealmgateError} `forbidden` unless the principal has the scope */
export function requireScope(principal: Principal, scope: string): void {
  if (principal.scopes.has(scope)) return;
  throw new RealmgateError(
    "forbidden",
    `Cannot do this with the key "${principal.name}": it needs the scope ${scope}`,
    { extra: { scope } },
  );
}

function refused(why: string): RealmgateError {
  return new RealmgateError("unauthenticated", `Cannot tell who you are: ${why}`);
}
