import { splitCommas } from "./words.ts";

const TAG = /^(?:[\w.:-]|\{[A-Za-z_]\w*\})+$/;

/** Reads `player:{playerId}, guilds` as its tags, or says in a sentence what is wrong. */
export function readTags(text: string): readonly string[] | string {
  const tags = splitCommas(text).filter((tag) => tag !== "");
  if (tags.length === 0) return "must name tags, such as player:{playerId}";
  const bad = tags.find((tag) => !TAG.test(tag));
  return bad === undefined ? tags : `a tag must look like player:{playerId}, received "${bad}"`;
}

/** The parameters that a tag mentions. */
export function tagParams(tag: string): readonly string[] {
  return [...tag.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "");
}
