const PLAIN = /^[\w.:-]*$/;

/** A value as it stands in a tag: letters, digits and `_ . : -` as they are, the rest encoded. */
export function tagPart(value: string): string {
  return PLAIN.test(value) ? value : encodeURIComponent(value);
}

/*
 * Events carry tags only. A whole cache and a single entry have tags of their own, which no tag of a
 * statement can be, for `#` is encoded there.
 */

/** The tag of everything in a cache. */
export function wholeTag(cache: string): string {
  return `#${cache}`;
}

/** The tag of one entry. */
export function keyTag(cache: string, key: string): string {
  return `#${cache}/${key}`;
}

/** Reads what {@linkcode wholeTag} and {@linkcode keyTag} wrote; `undefined` for other tags. */
export function parseOwnTag(
  tag: string,
): { readonly cache: string; readonly key: string | undefined } | undefined {
  if (!tag.startsWith("#")) return undefined;
  const slash = tag.indexOf("/");
  return slash < 0
    ? { cache: tag.slice(1), key: undefined }
    : { cache: tag.slice(1, slash), key: tag.slice(slash + 1) };
}
