import type { Schema } from "../openapi/scalar_schema.ts";

/** A parameter, header or body that a call of an endpoint can carry. */
export interface Field {
  readonly name: string;
  /** `param`: in the query of a GET, in `params` of a POST; `spread`: an object's members. */
  readonly where: "param" | "path" | "spread" | "header" | "body";
  readonly schema: Schema;
  readonly required: boolean;
  readonly description: string;
  /** What the form begins with; `undefined` leaves it empty. */
  readonly value: unknown;
  /** Whether an address cannot carry it. */
  readonly postOnly: boolean;
}

/** One member of an answer, such as `data.gold` or `shards[].name`. */
export interface Member {
  readonly path: string;
  readonly schema: Schema;
}

/** The errors of one status. */
export interface Errors {
  readonly status: string;
  readonly codes: readonly string[];
}

/** What the reference shows in one section: a statement with its methods, or one other operation. */
export interface Endpoint {
  readonly id: string;
  readonly title: string;
  readonly path: string;
  readonly methods: readonly string[];
  readonly tag: string;
  readonly summary: string;
  readonly description: string;
  readonly scope: string | undefined;
  /** Realmgate's own facts of a statement. */
  readonly facts: Schema | undefined;
  readonly fields: readonly Field[];
  readonly headers: readonly Field[];
  readonly answer: readonly Member[];
  readonly example: unknown;
  readonly errors: readonly Errors[];
}

/** In the order in which they are shown. */
const METHODS = ["get", "post", "put", "delete"] as const;
type Method = (typeof METHODS)[number];

/** How deep the members of an answer are listed. */
const MAX_DEPTH = 3;

/** Reads the parts of Realmgate's own OpenAPI document that the reference shows. */
export class Reference {
  readonly #document: Schema;

  constructor(document: Schema) {
    this.#document = document;
  }

  /** `info`. */
  get info(): Schema {
    return object(this.#document["info"]);
  }

  /** The tags in their order, with their endpoints. */
  groups(): readonly { readonly tag: Schema; readonly endpoints: readonly Endpoint[] }[] {
    const endpoints = Object.entries(object(this.#document["paths"]))
      .flatMap(([path, item]) => this.#endpoints(path, object(item)));
    return list(this.#document["tags"]).map((tag) => ({
      tag,
      endpoints: endpoints.filter((endpoint) => endpoint.tag === tag["name"]),
    })).filter(({ endpoints }) => endpoints.length > 0);
  }

  /** Every error code with its status and what it means. */
  codes(): readonly { readonly code: string; readonly status: string; readonly text: string }[] {
    const responses = Object.values(object(object(this.#document["components"])["responses"]));
    const codes = new Map<string, { code: string; status: string; text: string }>();
    for (const response of responses.map(object)) {
      for (const [code, example] of Object.entries(problemExamples(response))) {
        const problem = object(object(example)["value"]);
        const line = text(response["description"]).split("\n\n")
          .find((part) => part.startsWith(`\`${code}\`: `)) ?? "";
        codes.set(code, {
          code,
          status: String(problem["status"]),
          text: line.slice(code.length + 4),
        });
      }
    }
    return [...codes.values()].toSorted((a, b) => a.status.localeCompare(b.status));
  }

  /** A statement's methods do the same; those of another path do not, and stand alone. */
  #endpoints(path: string, item: Schema): Endpoint[] {
    const methods = METHODS.filter((method) => item[method] !== undefined);
    const same = methods.every((method) => object(item[method])["x-realmgate"] !== undefined);
    if (same || methods.length === 1) return [this.#endpoint(path, item, methods)];
    return methods.map((method) => ({
      ...this.#endpoint(path, item, [method]),
      id: `${method}-${path}`,
    }));
  }

  #endpoint(path: string, item: Schema, methods: readonly Method[]): Endpoint {
    const operations = methods.map((method) => object(item[method]));
    const first = operations[0] ?? {};
    const sending = operations.find((operation) => operation["requestBody"] !== undefined);
    const reading = operations.find((operation) => operation["requestBody"] === undefined);
    const facts = first["x-realmgate"] === undefined ? undefined : object(first["x-realmgate"]);
    const statement = facts?.["statement"];
    const parameters = [...list(item["parameters"]), ...list(first["parameters"])]
      .map((parameter) => this.#resolve(parameter));
    const responses = object(first["responses"]);
    const ok = object(responses["200"] ?? responses["201"]);
    const answer = object(object(ok["content"])["application/json"]);
    return {
      id: typeof statement === "string" ? statement : path,
      title: typeof statement === "string" ? statement : path,
      path,
      methods: methods.map((method) => method.toUpperCase()),
      tag: text((first["tags"] as readonly unknown[])[0]),
      summary: text(first["summary"]),
      description: text(first["description"]),
      scope: scopeOf(first),
      facts,
      fields: [
        ...parameters.filter((parameter) => parameter["in"] === "path").map(toField),
        ...(sending === undefined
          ? parameters.filter((parameter) => parameter["in"] === "query").map(toField)
          : this.#bodyFields(sending, reading)),
      ],
      headers: parameters.filter((parameter) => parameter["in"] === "header").map(toField),
      answer: this.#members(object(answer["schema"]), ""),
      example: answer["example"],
      errors: this.#errors(responses, object(sending?.["responses"] ?? {})),
    };
  }

  #bodyFields(post: Schema, get: Schema | undefined): Field[] {
    const content = object(object(object(post["requestBody"])["content"])["application/json"]);
    const body = object(content["schema"]);
    const params = object(body["properties"])["params"];
    if (params === undefined) {
      return [{
        name: "body",
        where: "body",
        schema: { type: "object" },
        required: true,
        description: "",
        value: content["example"],
        postOnly: true,
      }];
    }
    const schema = this.#resolve(object(params));
    const required = Array.isArray(schema["required"]) ? schema["required"] : [];
    const values = object(object(content["example"])["params"] ?? {});
    const inAddress = new Set(list(get?.["parameters"]).map((parameter) => parameter["name"]));
    return Object.entries(object(schema["properties"] ?? {})).map(([name, property]) => ({
      name,
      where: "param",
      schema: object(property),
      required: required.includes(name),
      description: text(object(property)["description"]),
      value: values[name],
      postOnly: !inAddress.has(name),
    }));
  }

  #members(schema: Schema, path: string, depth = 0): Member[] {
    const own = this.#resolve(schema);
    const choice = list(own["anyOf"])[0];
    if (choice !== undefined) return this.#members(choice, path, depth);
    if (own["items"] !== undefined) {
      const inner = this.#members(object(own["items"]), `${path}[]`, depth);
      return inner.length > 0 ? inner : [{ path, schema: own }];
    }
    if (own["properties"] === undefined || depth > MAX_DEPTH) return [];
    return Object.entries(object(own["properties"])).flatMap(([name, property]) => {
      const at = path === "" ? name : `${path}.${name}`;
      const inner = this.#members(object(property), at, depth + 1);
      return inner.length > 0 ? inner : [{ path: at, schema: object(property) }];
    });
  }

  #errors(...responses: readonly Schema[]): Errors[] {
    const codes = new Map<string, Set<string>>();
    for (const [status, response] of responses.flatMap((all) => Object.entries(all))) {
      for (const code of Object.keys(problemExamples(this.#resolve(object(response))))) {
        codes.set(status, (codes.get(status) ?? new Set()).add(code));
      }
    }
    return [...codes].map(([status, own]) => ({ status, codes: [...own] }))
      .toSorted((a, b) => a.status.localeCompare(b.status));
  }

  #resolve(value: Schema): Schema {
    const { $ref } = value;
    if (typeof $ref !== "string") return value;
    return $ref.slice(2).split("/").reduce<Schema>(
      (at, name) => object(at[name]),
      this.#document,
    );
  }
}

function toField(parameter: Schema): Field {
  const schema = object(parameter["schema"]);
  const where = parameter["in"] === "query"
    ? schema["type"] === "object" ? "spread" : "param"
    : parameter["in"] as "path" | "header";
  return {
    name: text(parameter["name"]),
    where,
    schema,
    required: parameter["required"] === true,
    description: text(parameter["description"]),
    value: parameter["example"],
    postOnly: false,
  };
}

function problemExamples(response: Schema): Schema {
  const content = object(response["content"] ?? {})["application/problem+json"];
  return content === undefined ? {} : object(object(content)["examples"] ?? {});
}

/** The scope that a call needs, `undefined` where it takes no key or any. */
function scopeOf(operation: Schema): string | undefined {
  const scopes = list(operation["security"])[0]?.["apiKey"];
  return Array.isArray(scopes) && typeof scopes[0] === "string" ? scopes[0] : undefined;
}

function object(value: unknown): Schema {
  return value !== null && typeof value === "object" ? value as Schema : {};
}

function list(value: unknown): readonly Schema[] {
  return Array.isArray(value) ? value.map(object) : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
