// @ts-check
/// <reference lib="dom" />
// Light or dark, before the page is drawn: as the system says, or as was chosen here.

(() => {
  /** The page of reference keeps the choice under the same name. */
  const NAME = "realmgate-theme";
  const { dataset } = document.documentElement;
  const chosen = localStorage.getItem(NAME);
  if (chosen === "light" || chosen === "dark") dataset.theme = chosen;
  addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    button?.addEventListener("click", () => {
      const dark = dataset.theme ??
        (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
      dataset.theme = dark === "dark" ? "light" : "dark";
      localStorage.setItem(NAME, dataset.theme);
    });
  });
})();
