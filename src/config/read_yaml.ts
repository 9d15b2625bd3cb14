import { LineCounter, parseDocument, visit } from "yaml";
import type { ConfigFault } from "./fault.ts";

/**
 * Reads YAML as a value. What it says of faults holds nothing of the text, which may hold a
 * password; the value means nothing where there are any.
 */
export function readYaml(
  text: string,
): { readonly value: unknown; readonly faults: ConfigFault[] } {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { prettyErrors: true, lineCounter });
  const faults = document.errors.map(({ message }) => ({
    path: "",
    message: message.replace(/:?\n.*$/s, ""),
  }));
  visit(document, {
    Alias(_key, alias, path) {
      const named = alias.resolve(document);
      const { line } = lineCounter.linePos(alias.range?.[0] ?? 0);
      const fault = (message: string) =>
        faults.push({ path: "", message: `${message} at line ${line}` });
      if (named === undefined) {
        fault("an alias (*name) must name an anchor (&name) above it; text with * needs quotes");
      } else if (path.includes(named)) {
        fault("an alias (*name) must not stand within what it names");
      }
    },
  });
  if (faults.length > 0) return { value: undefined, faults };
  try {
    return { value: document.toJS(), faults };
  } catch (error) {
    // Such as aliases of aliases that would become millions of values.
    const message = error instanceof Error ? error.message : `${error}`;
    return { value: undefined, faults: [{ path: "", message }] };
  }
}
