// @ts-check
// Where shards and their databases stand in the picture.

/** @typedef {import("../../../routing/topology.ts").ShardState} ShardState */
/** @typedef {import("../../../monitor/db_health_status.ts").DBHealthStatus} DBHealthStatus */
/** @typedef {{ x: number, y: number, width: number, height: number }} Box */
/**
 * A primary stands on the left, all others beside it; `primary` is null where there is none.
 *
 * @typedef {{
 *   shard: ShardState, box: Box,
 *   nodes: readonly { node: DBHealthStatus, box: Box, primary: boolean }[],
 *   hole: Box | null,
 * }} PlacedShard
 */

export const NODE = { height: 64, gap: 12 };
const SHARD = { head: 26, pad: 10, gap: 12, least: 340, most: 600 };
/** Between a primary and its replicas: room for the lag, less of it where there is little. */
const EDGE = { wide: 110, narrow: 48, below: 420 };

/**
 * Places shards in as many columns as the width has room for.
 *
 * @param {readonly ShardState[]} shards
 * @param {{ nodes: readonly DBHealthStatus[], width: number }} options
 * @returns {{ height: number, shards: readonly PlacedShard[] }}
 */
export function layout(shards, { nodes, width }) {
  const columns = Math.max(
    1,
    Math.min(shards.length, Math.floor((width + SHARD.gap) / (SHARD.least + SHARD.gap))),
  );
  const shardWidth = Math.min(
    shards.length > columns ? Infinity : SHARD.most,
    (width - SHARD.gap * (columns - 1)) / columns,
  );
  /** @type {PlacedShard[]} */
  const placed = [];
  let y = 0;
  for (let from = 0; from < shards.length; from += columns) {
    const row = shards.slice(from, from + columns).map((shard, column) =>
      place(shard, {
        nodes: nodes.filter((node) => node.shard === shard.name),
        box: { x: column * (shardWidth + SHARD.gap), y, width: shardWidth, height: 0 },
      })
    );
    const height = Math.max(...row.map(({ box }) => box.height));
    placed.push(...row.map((one) => ({ ...one, box: { ...one.box, height } })));
    y += height + SHARD.gap;
  }
  return { height: Math.max(0, y - SHARD.gap), shards: placed };
}

/**
 * @param {ShardState} shard
 * @param {{ nodes: readonly DBHealthStatus[], box: Box }} options
 * @returns {PlacedShard}
 */
function place(shard, { nodes, box }) {
  const edge = box.width < EDGE.below ? EDGE.narrow : EDGE.wide;
  const nodeWidth = (box.width - 2 * SHARD.pad - edge) / 2;
  const left = nodes.filter(({ role }) => role === "primary");
  const right = nodes.filter(({ role }) => role !== "primary");
  const rows = Math.max(1, left.length, right.length);
  const inner = rows * (NODE.height + NODE.gap) - NODE.gap;
  const top = box.y + SHARD.head + SHARD.pad - 4;
  const stack = (/** @type {number} */ count, /** @type {number} */ at) =>
    top + (inner - count * (NODE.height + NODE.gap) + NODE.gap) / 2 + at * (NODE.height + NODE.gap);
  const spot = (/** @type {number} */ x, /** @type {number} */ y) => ({
    x,
    y,
    width: nodeWidth,
    height: NODE.height,
  });
  const near = box.x + SHARD.pad;
  const far = near + nodeWidth + edge;
  return {
    shard,
    box: { ...box, height: SHARD.head + inner + 2 * SHARD.pad - 4 },
    nodes: [
      ...left.map((node, at) => ({ node, primary: true, box: spot(near, stack(left.length, at)) })),
      ...right.map((node, at) => ({
        node,
        primary: false,
        box: spot(far, stack(right.length, at)),
      })),
    ],
    hole: left.length === 0 ? spot(near, stack(1, 0)) : null,
  };
}
