/** What the peers use of Fastify, which the project does not depend on. */
export interface FastifyApp {
  get(path: string, route: Route, handler: Handler): unknown;
  post(path: string, route: Route, handler: Handler): unknown;
  register(plugin: unknown, options?: Readonly<Record<string, unknown>>): PromiseLike<unknown>;
  listen(options: { readonly host: string; readonly port: number }): Promise<unknown>;
}

/** Makes an app. */
export type Fastify = (options?: {
  /** The address that is routed in place of a request's own. */
  readonly rewriteUrl?: (request: { readonly url: string }) => string;
}) => FastifyApp;

/** A handler: what it returns is the answer. */
export type Handler = (request: Request, reply: Reply) => Promise<unknown>;

interface Route {
  readonly schema?: Readonly<Record<string, unknown>>;
}

interface Request {
  readonly params: { readonly id: string };
  /** Checked by the route's schema. */
  readonly body: { readonly amount: number };
}

interface Reply {
  code(status: number): Reply;
}

const params = { type: "object", properties: { id: { type: "string", pattern: "^\\d+$" } } };
const integer = { type: "integer" };
const text = { type: "string" };

/** The schemas that one gives Fastify's route of a player, to check it and to write its JSON fast. */
export const PLAYER_SCHEMA = {
  params,
  response: {
    200: {
      type: "object",
      properties: {
        ...{ id: text, name: text, level: integer, xp: text, gold: text, version: integer },
      },
    },
  },
} as const;

/** The same for the route that adds gold. */
export const GOLD_SCHEMA = {
  params,
  body: { type: "object", required: ["amount"], properties: { amount: integer } },
  response: { 200: { type: "object", properties: { affectedRows: integer } } },
} as const;
