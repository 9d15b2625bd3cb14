/**
 * Reads one part of a query string, in which `+` is a space; `undefined` where its percent
 * signs are not those of UTF-8.
 */
export function decodePart(part: string): string | undefined {
  if (part.indexOf("%") < 0) return part.indexOf("+") < 0 ? part : part.replaceAll("+", " ");
  try {
    return decodeURIComponent(part.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}
