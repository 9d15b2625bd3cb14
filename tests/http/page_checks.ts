/**
 * Runs in a page: texts of HTML and SVG whose contrast with what lies behind them is below 4.5, the
 * WCAG's AA. What is disabled or not shown is left out.
 */
export const faintTexts = `(() => {
  const numbers = (color) => {
    const parts = color.match(/[\\d.]+/g).map(Number);
    return { rgb: parts.slice(0, 3), alpha: parts[3] ?? 1 };
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((n) => {
      const share = n / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const frame = element.closest(".node")?.querySelector(".frame");
    if (frame && element !== frame) return numbers(getComputedStyle(frame).fill).rgb;
    for (let at = element; at !== null; at = at.parentElement) {
      const { rgb, alpha } = numbers(getComputedStyle(at).backgroundColor);
      if (alpha === 1) return rgb;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility() || element.matches(":disabled, title, script")) continue;
    const style = getComputedStyle(element);
    const color = numbers(element instanceof SVGElement ? style.fill : style.color).rgb;
    const [a, b] = [light(color), light(behind(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) found.push(element.textContent.slice(0, 40) + " " + contrast.toFixed(2));
  }
  return found;
})()`;

/** Runs in a page: buttons, links, fields and regions that have no name for those who do not see. */
export const namelessControls = `(() => {
  const nameOf = (element) =>
    element.getAttribute("aria-label") ??
      document.getElementById(element.getAttribute("aria-labelledby") ?? "")?.textContent ??
      (element.labels?.[0]?.textContent || element.textContent);
  return [...document.querySelectorAll("button, a, input, [role=button], [role=region], section")]
    .filter((element) => element.checkVisibility() && !(nameOf(element) ?? "").trim())
    .map((element) => element.outerHTML.slice(0, 80));
})()`;
