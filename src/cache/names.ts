const PLAIN = /^[\w.:-]*$/;

/** A value as it stands in a tag: letters, digits and `_ . : -` as they are, the rest encoded. */
export function tagPart(value: string): string {
  return PLAIN.test(value) ? value : encodeURIComponent(value).replace(RESTORED, otherwise);
}

/** What `encodeURIComponent` does not do as tags have it. */
const RESTORED = /%3A|[!~*'()]/g;

function otherwise(part: string): string {
  return part === "%3A" ? ":" : `%${part.charCodeAt(0).toString(16).toUpperCase()}`;
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

/** The longest tag and the longest key that clients may name. */
export const MAX_NAME = 512;

/** What {@linkcode isTag} accepts, in words. */
export const TAG_RULE = `must be 1 to ${MAX_NAME} letters, digits and _ . : - ! ~ * ' ( ), ` +
  "anything else percent-encoded, as in the tags that statements make";

/** A tag that clients may name. */
export const TAG = /^(?:[\w.:!~*'()-]|%[0-9A-F]{2})+$/;

/** Whether a text is a tag as statements make them, which clients may name. */
export function isTag(text: string): boolean {
  return text.length <= MAX_NAME && TAG.test(text);
}

/** What {@linkcode isEntryKey} accepts, in words. */
export const ENTRY_KEY_RULE = `must be 1 to ${MAX_NAME} letters, digits and . _ : @ / = , + ~ -, ` +
  "beginning with a letter or a digit";

/** A key of an entry that clients put. */
export const ENTRY_KEY = new RegExp(`^[A-Za-z0-9][A-Za-z0-9._:@/=,+~-]{0,${MAX_NAME - 1}}$`);

/** Whether a text can be the key of an entry that clients put. */
export function isEntryKey(text: string): boolean {
  return ENTRY_KEY.test(text);
}
