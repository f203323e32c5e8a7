// Light or dark, as the button in the bar says, and as it was said before.

import { $ } from "./dom.js";

const THEME = "mailkit-theme";
const dress = (theme) => { if (theme) document.documentElement.dataset.theme = theme; };
dress(localStorage.getItem(THEME));
$("theme").addEventListener("click", () => {
  const isDark = (document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  localStorage.setItem(THEME, isDark ? "light" : "dark");
  dress(isDark ? "light" : "dark");
});
