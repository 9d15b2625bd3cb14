// @ts-check
// What an operator can do; each asks first.

import { call } from "./api.js";
import { ask, Changed } from "./ask.js";

/** @typedef {import("../../../locks/lock_store.ts").ListedLock} ListedLock */

/**
 * Takes a replica out of routing, or back.
 *
 * @param {string} node
 * @param {boolean} drain
 */
export function askDrain(node, drain) {
  ask({
    title: drain ? `Drain ${node}` : `Take ${node} back`,
    verb: drain ? "Drain" : "Take back",
    danger: drain,
    says: drain
      ? [
        `${node} gets no more reads, from the whole fleet, until it is taken back. What it is reading ends by itself.`,
        "The other replicas of its shard, or else the primary, answer in its place: they must bear the load. It keeps replicating.",
      ]
      : [`${node} gets reads again, from the whole fleet, as soon as it is well.`],
    act: async () => {
      const { drained, warning } = await call(
        "POST",
        `v1/admin/nodes/${encodeURIComponent(node)}/drain`,
        { drain },
      );
      const said = drained ? `${node} is drained.` : `${node} takes reads again.`;
      return warning ? `${said} ${warning}` : said;
    },
  });
}

/**
 * Drops what carries a tag: tags are the fleet's, not a cache's.
 *
 * @param {string} cache where it is asked for
 */
export function askInvalidate(cache) {
  ask({
    title: "Drop from every cache",
    verb: "Drop",
    danger: true,
    says: [
      `Every entry with the tag is dropped in the whole fleet, from every cache and not from ${cache} alone, and read from the databases when it is asked for next.`,
    ],
    fields: [{ name: "tag", label: "Tag", hint: "Such as player:42, as in @invalidates." }],
    act: async ({ tag }) => {
      await call("POST", `v1/caches/${encodeURIComponent(cache)}/invalidate`, { tags: [tag] });
      return `What carried ${tag} is dropped, in the whole fleet.`;
    },
  });
}

/**
 * Takes a lock from its holder, but from nobody who got it since.
 *
 * @param {ListedLock} shown
 */
export function askRelease({ name, owner, fence }) {
  const path = `v1/locks/${encodeURIComponent(name)}`;
  const holder = owner ?? "Its holder";
  ask({
    title: `Release ${name}`,
    verb: "Release",
    danger: true,
    says: [
      `${holder} loses the lock, without being told: it finds out when it renews. The first in line gets it.`,
      "Until then both may work under it. Only writes with a fence are safe from the one that lost it.",
    ],
    act: async () => {
      const now = await call("GET", path);
      if (!now.held) return `Nobody holds ${name} any more.`;
      if (now.fence !== fence) {
        const again = now.owner === owner ? ", anew" : "";
        throw new Changed(`${now.owner ?? "Somebody else"} holds it now${again}: not released.`);
      }
      const { released } = await call("DELETE", `${path}?force=true`);
      return released ? `${name} is free for the next one.` : `Nobody held ${name} any more.`;
    },
  });
}
