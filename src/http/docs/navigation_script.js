// The page's own moving parts: search, keyboard, theme, the entry of the section in view.

const search = document.getElementById("page-search");
const entries = [...document.querySelectorAll("nav .entry")];
const sections = [...document.querySelectorAll("section.endpoint")];
const entryOf = new Map(entries.map((entry) => [entry.getAttribute("href").slice(1), entry]));

/** Shows the sections and entries that hold every word of the search. */
function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter((word) => word !== "");
  let found = 0;
  for (const section of sections) {
    const hit = words.every((word) => section.dataset.words.includes(word));
    section.hidden = !hit;
    entryOf.get(section.id).hidden = !hit;
    if (hit) found++;
  }
  for (const group of document.querySelectorAll(".group")) {
    group.hidden = group.querySelector(".endpoint:not([hidden]), .entry:not([hidden])") === null;
  }
  document.querySelector("nav .none").hidden = found > 0;
  for (const intro of document.querySelectorAll(".intro")) intro.hidden = words.length > 0;
  for (const entry of entries.slice(0, 2)) entry.hidden = words.length > 0;
}

/** Moves the focus by `step` among the search field and the entries that are shown. */
function move(step) {
  const stops = [search, ...entries.filter((entry) => entry.checkVisibility())];
  const at = stops.indexOf(document.activeElement);
  stops[Math.max(0, Math.min(stops.length - 1, at + step))].focus();
}

search.addEventListener("input", filter);
document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  const typing = target.matches("input, textarea, select");
  if (key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    search.select();
    search.focus();
  } else if (key === "Escape" && target === search) {
    search.value = "";
    filter();
    search.blur();
  } else if ((target === search || target.closest("nav")) && /^Arrow(Up|Down)$/.test(key)) {
    event.preventDefault();
    move(key === "ArrowDown" ? 1 : -1);
  } else if (key === "Enter" && target === search) {
    const first = sections.find((section) => !section.hidden);
    if (first !== undefined) location.hash = first.id;
  }
});

const theme = document.getElementById("page-theme");
const isDark = matchMedia("(prefers-color-scheme: dark)");
const stored = localStorage.getItem("realmgate-theme");
if (stored !== null) document.documentElement.dataset.theme = stored;
theme.addEventListener("click", () => {
  const { dataset } = document.documentElement;
  dataset.theme = (dataset.theme ?? (isDark.matches ? "dark" : "light")) === "dark"
    ? "light"
    : "dark";
  localStorage.setItem("realmgate-theme", dataset.theme);
});

const inView = new IntersectionObserver((changes) => {
  for (const { target, isIntersecting } of changes) {
    const entry = entryOf.get(target.id);
    if (isIntersecting) {
      for (const other of entries) other.removeAttribute("aria-current");
      entry.setAttribute("aria-current", "true");
      const nav = entry.closest("nav");
      const spot = entry.getBoundingClientRect();
      const frame = nav.getBoundingClientRect();
      if (spot.top < frame.top || spot.bottom > frame.bottom) {
        nav.scrollTop += spot.top - frame.top - frame.height / 2;
      }
      if (spot.left < frame.left || spot.right > frame.right) {
        nav.scrollLeft += spot.left - frame.left - frame.width / 4;
      }
    }
  }
}, { rootMargin: "-30% 0px -65% 0px" });
for (const section of document.querySelectorAll("main section[id]")) inView.observe(section);

/**
 * Scrolls to what the address names, for a few frames: sections that were never in view have an
 * estimated height until then, and move what stands below them.
 */
function reveal(frames = 4) {
  document.getElementById(location.hash.slice(1))?.scrollIntoView();
  if (frames > 0) requestAnimationFrame(() => reveal(frames - 1));
}

addEventListener("hashchange", () => reveal());
reveal();
