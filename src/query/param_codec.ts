import type { SqlValue } from "../drivers/mysql.ts";
import { DecimalCodec } from "./decimal_codec.ts";
import { IntegerCodec } from "./integer_codec.ts";
import { BoolCodec, DoubleCodec } from "./number_codec.ts";
import { Refusal, type ScalarCodec } from "./scalar_codec.ts";
import type { ScalarType, ValueLimits } from "./statement.ts";
import { BytesCodec, JsonCodec, StringCodec } from "./text_codec.ts";
import { DateCodec, DatetimeCodec } from "./time_codec.ts";

/** The codec of a type within a parameter's limits, which must themselves be of the type. */
export function codecOf(type: ScalarType, limits: ValueLimits = {}): ScalarCodec {
  const codec = plainCodec(type, limits);
  return limits.enum === undefined ? codec : new EnumCodec(codec, limits.enum);
}

function plainCodec(type: ScalarType, limits: ValueLimits): ScalarCodec {
  switch (type.kind) {
    case "bigint":
    case "ubigint":
    case "int":
      return new IntegerCodec(type.kind, limits);
    case "decimal":
      return new DecimalCodec(type, limits);
    case "double":
      return new DoubleCodec(limits);
    case "bool":
      return new BoolCodec();
    case "string":
      return new StringCodec(limits.maxLength);
    case "bytes":
      return new BytesCodec(limits.maxLength);
    case "datetime":
      return new DatetimeCodec(limits);
    case "date":
      return new DateCodec(limits);
    case "json":
      return new JsonCodec(limits.maxLength);
  }
}

/** One of the values that `enum=` lists. */
class EnumCodec implements ScalarCodec {
  readonly placeholder: string;
  readonly #codec: ScalarCodec;
  readonly #values: ReadonlySet<SqlValue>;
  readonly #refusal: Refusal;

  constructor(codec: ScalarCodec, values: readonly string[]) {
    this.placeholder = codec.placeholder;
    this.#codec = codec;
    this.#values = new Set(values);
    this.#refusal = new Refusal(`must be one of ${values.join(", ")}`);
  }

  fromText(text: string): SqlValue | Refusal {
    return this.#check(this.#codec.fromText(text));
  }

  fromJson(value: unknown): SqlValue | Refusal {
    return this.#check(this.#codec.fromJson(value));
  }

  #check(value: SqlValue | Refusal): SqlValue | Refusal {
    return value instanceof Refusal || this.#values.has(value) ? value : this.#refusal;
  }
}
