// @ts-check
/// <reference lib="dom" />
// Children that follow a list: each keeps its element, its focus and its selection.

/** @type {WeakMap<Element, Map<string, Element>>} */
const shown = new WeakMap();

/**
 * Makes the children of `parent` those of `items`, in their order: `make` for a new one, `update`
 * for all. What an element listens to should name its item by its key, for the item is replaced.
 *
 * @template T
 * @template {Element} E
 * @param {Element} parent
 * @param {readonly T[]} items
 * @param {{
 *   key: (item: T) => string,
 *   make: (item: T) => E,
 *   update: (element: E, item: T) => void,
 * }} options
 */
export function keyed(parent, items, { key, make, update }) {
  const before = shown.get(parent) ?? new Map();
  const focused = document.activeElement;
  const keys = new Set(items.map(key));
  for (const [name, element] of before) if (!keys.has(name)) element.remove();
  const after = new Map();
  let at = parent.firstElementChild;
  for (const item of items) {
    const name = key(item);
    const element = after.get(name) ?? before.get(name) ?? make(item);
    after.set(name, element);
    update(element, item);
    if (element === at) at = element.nextElementSibling;
    else parent.insertBefore(element, at);
  }
  shown.set(parent, after);
  if (
    (focused instanceof HTMLElement || focused instanceof SVGElement) &&
    focused !== document.activeElement && parent.contains(focused)
  ) focused.focus({ preventScroll: true });
}
