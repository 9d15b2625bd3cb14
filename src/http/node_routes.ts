import type { Context } from "hono";
import { RealmgateError } from "../core/errors.ts";
import type { Scope } from "../core/scope.ts";
import { pause } from "../query/pause.ts";
import type { NodeState } from "../routing/topology.ts";
import { audited } from "./audited.ts";
import { BodyFields } from "./body_fields.ts";
import type { Parts } from "./parts.ts";
import { authorize, jsonBody, plainCall } from "./plain_call.ts";
import { settled } from "./redis_failure.ts";

/** What became of a node. */
interface Drained {
  readonly node: string;
  readonly drained: boolean;
  /** Who drained it first, and when; of a drained one only. */
  readonly by?: string;
  readonly at?: number;
  /** What the operator should know. */
  readonly warning?: string;
}

/** How long an answer waits until this isolate has taken over what was published, and how it looks. */
const TAKE_OVER_MS = 2_000;
const LOOK_MS = 20;

/** `POST /v1/admin/nodes/{node}/drain`: takes a replica out of routing in the whole fleet, or back. */
export function drainNode(parts: Parts): (c: Context) => Promise<Response> {
  return (c) =>
    plainCall(parts, c, async (scope) => {
      const { name: by } = authorize(parts, c.req.raw, "admin");
      const fields = new BodyFields(await jsonBody(parts, c.req.raw, scope), { known: ["drain"] });
      const drain = fields.raw("drain");
      if (typeof drain !== "boolean") fields.refuse("drain", "must be true or false");
      fields.done();
      const asked = { by, node: c.req.param("node") ?? "", scope };
      return await audited(parts, {
        by,
        action: drain === true ? "node.drain" : "node.undrain",
        target: asked.node,
        describe: ({ warning }) => warning,
      }, () => drain === true ? takeOut(parts, asked) : takeBack(parts, asked));
    });
}

interface Asked {
  readonly by: string;
  readonly node: string;
  readonly scope: Scope;
}

async function takeOut(parts: Parts, { by, node, scope }: Asked): Promise<Drained> {
  const { shard, state } = find(parts, node);
  if (state.role === "primary") {
    throw new RealmgateError(
      "invalid_request",
      `Cannot drain ${node}: it must be a replica, and is the primary of ${shard} now; ` +
        "promote another node first",
    );
  }
  const work = parts.drains.drain(node, by);
  const drain = await settled(scope, work, { what: `drain ${node}`, changes: true });
  const late = await takenOver(parts, { node, drained: true, scope });
  const readers = parts.replicas.readersOf(shard, { except: node });
  return {
    node,
    drained: true,
    ...drain,
    ...warningOf([readersWarning(shard, readers), late]),
  };
}

async function takeBack(parts: Parts, { node, scope }: Asked): Promise<Drained> {
  find(parts, node);
  const work = parts.drains.takeBack(node);
  await settled(scope, work, { what: `take ${node} back`, changes: true });
  const late = await takenOver(parts, { node, drained: false, scope });
  const { ejected } = find(parts, node).state;
  const out = late ?? (ejected && `it takes no reads yet: ${ejected}`);
  return { node, drained: false, ...warningOf([out]) };
}

/** What to know of a shard that has no replica left to read from. */
function readersWarning(
  shard: string,
  readers: "replicas" | "primary" | "nobody",
): string | undefined {
  switch (readers) {
    case "replicas":
      return undefined;
    case "primary":
      return `no other replica of ${shard} may take reads: its primary takes them`;
    case "nobody":
      return `no other replica of ${shard} may take reads, and its primary may not take their ` +
        "place (replicas.fallbackToPrimary): they are refused";
  }
}

/** Waits until this isolate's reads go by it. @returns what to say where that takes too long */
async function takenOver(
  parts: Parts,
  { node, drained, scope }: {
    readonly node: string;
    readonly drained: boolean;
    readonly scope: Scope;
  },
): Promise<string | undefined> {
  const { clock } = parts;
  const giveUpAt = clock.now() + TAKE_OVER_MS;
  while ((find(parts, node).state.drained !== undefined) !== drained) {
    if (scope.ended !== undefined || clock.now() >= giveUpAt) {
      return "the fleet is told, but this process does not go by it yet: see /v1/topology";
    }
    await pause(LOOK_MS, { clock, scope });
  }
  return undefined;
}

function warningOf(warnings: readonly (string | undefined)[]): { readonly warning?: string } {
  const said = warnings.filter((warning) => warning !== undefined);
  return said.length === 0 ? {} : { warning: said.join("; ") };
}

function find(
  { view }: Parts,
  name: string,
): { readonly shard: string; readonly state: NodeState } {
  for (const { name: shard, nodes } of view.snapshot().shards) {
    const state = nodes.find((node) => node.name === name);
    if (state !== undefined) return { shard, state };
  }
  throw new RealmgateError("not_found", "Cannot find a node of this name: see /v1/topology");
}
