import type { SqlValue } from "../drivers/mysql.ts";
import { Refusal, type ScalarCodec } from "./scalar_codec.ts";

const PRINTABLE = /^[\x20-\x7e]*$/;

/**
 * Checks the strings that choose a shard, so that two keys which the database takes for equal are
 * never routed apart.
 *
 * Most collations ignore spaces at the end, binary ones of MariaDB among them: such keys are
 * refused. A key with `fold=ci` may hold printable ASCII only. There, and only there, do the
 * `general_ci`, `unicode_ci`, `uca1400` and `0900` collations agree with {@linkcode foldKey};
 * beyond it they differ from each other in accents, ligatures and ignored characters.
 */
export class ShardKeyCodec implements ScalarCodec {
  readonly placeholder: string;
  readonly #codec: ScalarCodec;
  readonly #fold: boolean;

  constructor(codec: ScalarCodec, options: { readonly fold: boolean }) {
    this.#codec = codec;
    this.#fold = options.fold;
    this.placeholder = codec.placeholder;
  }

  fromText(text: string): SqlValue | Refusal {
    return this.#check(this.#codec.fromText(text));
  }

  fromJson(value: unknown): SqlValue | Refusal {
    return this.#check(this.#codec.fromJson(value));
  }

  #check(value: SqlValue | Refusal): SqlValue | Refusal {
    if (typeof value !== "string") return value;
    if (value.endsWith(" ")) return new Refusal("chooses the shard and must not end with a space");
    if (this.#fold && !PRINTABLE.test(value)) {
      return new Refusal("chooses the shard and must be printable ASCII");
    }
    return value;
  }
}

/**
 * The form of a `fold=ci` key that is hashed: ASCII letters in lower case.
 *
 * @example
 * ```ts
 * import { foldKey } from "./shard_key.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(foldKey("Ann_7"), "ann_7");
 * ```
 */
export function foldKey(key: string): string {
  return key.toLowerCase();
}
