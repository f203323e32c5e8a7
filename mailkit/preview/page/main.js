// The page of previews: templates and their data at the left, what they render to at the right, and news of files as they come.

import { events, get, Refused, send } from "../static/api.js";
import { $, el } from "../static/dom.js";
import "../static/theme.js";
import { Editor } from "./editor.js";
import { Reader } from "./reader.js";

const info = await get("api/info");
const editor = new Editor(() => render());
const reader = new Reader({ info, go: (tab, line) => { history.replaceState(null, "", address({ tab, line })); }, speak, close: () => { location.hash = ""; } });
const isWide = () => matchMedia("(min-width: 701px)").matches;
let templates = [];
let now = null; // the template and the language that are shown

// -- the address ------------------------------------------------------------------------------------------------------

const address = ({ name = now.name, locale = now.locale, tab = reader.wanted, line }) =>
  `#/${encodeURIComponent(name)}/${encodeURIComponent(locale)}/${tab}${line ? `/${line}` : ""}`;

function route() {
  const [, name, locale, tab, line] = /^#\/([^/]+)\/([^/]+)(?:\/([a-z]+))?(?:\/(\d+))?$/.exec(location.hash) || [];
  if (!name) {
    now = null;
    editor.hide();
    reader.blank();
    draw();
    return;
  }
  now = { name: decodeURIComponent(name), locale: decodeURIComponent(locale) };
  if (tab) reader.wanted = tab;
  editor.show(now.name);
  draw();
  render(Number(line));
}
addEventListener("hashchange", route);

function choose(name) {
  const found = templates.find((one) => one.name === name);
  const known = now && found?.languages.includes(now.locale) ? now.locale : info.locale;
  location.hash = address({ name, locale: known || found?.languages[0] || "en" });
}

function speak(locale) {
  location.hash = address({ locale });
}

// -- what is shown ----------------------------------------------------------------------------------------------------

let asking;
async function render(line) {
  if (!now) return;
  asking?.abort();
  asking = new AbortController();
  const { name, locale } = now;
  try {
    const found = await send("POST", "api/previews", { template: name, locale, data: editor.data }, {}, { signal: asking.signal });
    problem(null);
    editor.told(found);
    if (found.problem?.kind === "json" && editor.isEdited && reader.message?.template === found.template) return;
    const languages = templates.find((one) => one.name === found.template)?.languages ?? [];
    await reader.show(found, languages.includes(locale) ? languages : [...languages, locale], line);
    $("said").textContent = found.problem ? `Error: ${found.problem.title}` : "";
  } catch (error) {
    if (error.name === "AbortError") return;
    if (!(error instanceof Refused)) throw error;
    problem(error);
    if (reader.message?.template !== name || !templates.some((one) => one.name === name)) reader.blank();
  }
}

function problem(error) {
  $("problem").hidden = !error;
  if (error) $("problem").textContent = [error.message, error.hint].filter(Boolean).join(" ");
}

// -- the list ---------------------------------------------------------------------------------------------------------

const short = (name) => name.replace(/^mailkit:/, "");

function draw() {
  const words = $("search").value.trim().toLowerCase();
  const found = templates.filter((one) => `${one.name} ${one.title}`.toLowerCase().includes(words));
  $("templates").replaceChildren(...found.map((one) => {
    const row = el("a.template", { href: "#", title: one.name, onclick: (event) => { event.preventDefault(); choose(one.name); } },
      el("b", {}, short(one.name)), one.languages.length > 1 && el("small", {}, one.languages.join(" ")), el("span", {}, one.title));
    if (one.name === now?.name) row.setAttribute("aria-current", "page");
    return row;
  }));
  if (!found.length) $("templates").append(el("p.pad.fine", {}, words ? "No template is called so." : "There is no template in the folder. ", !words && el("code", {}, "mailkit new"), !words && " copies one."));
  $("templates").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
}

async function listed() {
  ({ templates } = await get("api/templates"));
  draw();
}

function step(by) {
  const here = templates.findIndex((one) => one.name === now?.name);
  const next = templates[Math.min(templates.length - 1, Math.max(0, here + by))];
  if (next) choose(next.name);
}

$("search").addEventListener("input", draw);
$("search-form").addEventListener("submit", (event) => { event.preventDefault(); $("templates").querySelector("a")?.click(); });

// -- news -------------------------------------------------------------------------------------------------------------

let version = null;
events({
  change: async (state) => {
    const isFirst = version === null;
    version = state.version;
    if (isFirst) return; // what is shown is no older
    try {
      await listed();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      problem(error);
    }
    await render();
  },
  state: (word) => {
    $("live").className = `live ${word}`;
    $("live").lastElementChild.textContent = word === "on" ? "watching" : "not connected";
  },
});

// -- keys -------------------------------------------------------------------------------------------------------------

const KEYS = {
  j: () => step(1), k: () => step(-1),
  "/": () => { $("search").focus(); $("search").select(); },
  Escape: () => { if (document.body.classList.contains("editing")) document.body.classList.remove("editing"); else if (!isWide()) location.hash = ""; },
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("dialog").open) return;
  if (event.target.matches("input, textarea, select")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const tab = reader.message && reader.open_tabs()[Number(event.key) - 1];
  if (tab) reader.go(tab.id);
  const deed = KEYS[event.key];
  if (!deed) return;
  event.preventDefault();
  deed();
});

await listed();
if (!location.hash && (info.chosen || (isWide() && templates.length))) choose(info.chosen || templates[0].name);
else route();
document.body.dataset.ready = "true";
