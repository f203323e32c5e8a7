// The page: the list at the left, a message at the right, and what joins them: the address, keys, and news as they come.

import { address, events, get, Refused, send } from "./api.js";
import { faults, keys, sessions, setup } from "./dialogs.js";
import { $, el, plural, toast } from "./dom.js";
import { List } from "./list.js";
import { Reader, removeAll } from "./message.js";
import { TABS } from "./tabs.js";
import "./theme.js";

const NAME = "mailkit inbox";
const info = await get("api/info");
const list = new List({ open: (id) => { location.hash = `#/${id}`; }, batch, problem });
const reader = new Reader({ list, info, close: () => { location.hash = ""; } });
let last = -1;

// -- the address ------------------------------------------------------------------------------------------------------

function route() {
  const [, id, tab, line] = /^#\/(\d+)(?:\/([a-z]+))?(?:\/(\d+))?$/.exec(location.hash) || [];
  list.choose(id ? Number(id) : null);
  if (id) reader.show(Number(id), tab, Number(line));
  else reader.blank();
}
addEventListener("hashchange", route);

// -- searching --------------------------------------------------------------------------------------------------------

let typing;
function look() {
  const filter = document.querySelector(".chips [data-filter][aria-pressed=true]").dataset.filter;
  list.q = [filter, $("search").value.trim()].filter(Boolean).join(" ");
  list.inbox = $("inbox").hidden || $("inbox").value === "*" ? null : $("inbox").value;
  for (const format of ["mbox", "zip"]) $(`export-${format}`).href = address("api/export", { format, q: list.search });
  nothing();
  return list.reset();
}
$("search").addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(look, 120); });
$("search-form").addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(typing); look(); });
$("inbox").addEventListener("change", look);
for (const chip of document.querySelectorAll(".chips [data-filter]")) {
  chip.addEventListener("click", () => {
    for (const one of document.querySelectorAll(".chips [data-filter]")) one.setAttribute("aria-pressed", String(one === chip));
    look();
  });
}
$("grouped").addEventListener("click", () => {
  list.grouped = !list.grouped;
  $("grouped").setAttribute("aria-pressed", String(list.grouped));
  look();
});

function batch(id) {
  if (list.grouped) $("grouped").click();
  $("search").value = `batch:${id}`;
  look();
}

function problem(error) {
  $("problem").hidden = !error;
  if (error) $("problem").textContent = [error.message, error.hint].filter(Boolean).join(". ");
}

function nothing() {
  $("nothing").replaceChildren(...(list.search
    ? [el("h2", {}, "Nothing found"), el("p", {}, "No message fits this search.")]
    : [el("img", { src: "static/icon.svg", alt: "", width: 56 }), el("h2", {}, "Waiting for mail"), el("p", {}, "Send to "), el("p.mono", {}, el("b", {}, `${info.host}:${info.port}`)), el("p", {}, "and it is here at once, whomever it is for. Nothing leaves this machine."),
      el("button.act.main", { type: "button", onclick: () => setup(info) }, "How to connect")]));
}

// -- news -------------------------------------------------------------------------------------------------------------

let looking = false, again = false;
async function news(state) {
  $("total").textContent = state.total.toLocaleString();
  $("unread").textContent = state.unread.toLocaleString();
  document.title = state.unread ? `(${state.unread.toLocaleString()}) ${NAME}` : NAME;
  if (last >= 0 && state.last > last) $("said").textContent = `${plural(state.last - last, "new message")}`;
  last = state.last;
  if (looking) { again = true; return; }
  looking = true;
  do {
    again = false;
    await list.refresh();
    await inboxes();
  } while (again);
  looking = false;
}

async function inboxes() {
  const found = (await get("api/inboxes")).inboxes;
  const select = $("inbox"), chosen = select.value || "*";
  select.hidden = found.length < 2 && !found.some((one) => one.inbox);
  const option = (value, text) => el("option", { value, selected: value === chosen }, text);
  select.replaceChildren(option("*", "All inboxes"), ...found.map((one) => option(one.inbox, `${one.inbox || "no login"} (${one.messages.toLocaleString()})`)));
}

events({
  change: (state) => news(state).catch((error) => { looking = false; if (error instanceof Refused) problem(error); else throw error; }),
  state: (word) => {
    $("live").className = `live ${word}`;
    $("live").lastElementChild.textContent = word === "on" ? "live" : "not connected";
  },
});

// -- what is done to all ----------------------------------------------------------------------------------------------

const menu = document.querySelector(".menu");
document.addEventListener("click", (event) => { if (!menu.contains(event.target) || event.target.closest(".menu > div > *")) menu.open = false; });
$("all-read").addEventListener("click", async () => {
  const { changed } = await send("PATCH", "api/messages", { unread: false }, { q: list.search });
  toast(`${plural(changed, "message")} marked as read.`);
});
$("delete-all").addEventListener("click", () => removeAll(list));
$("import").addEventListener("change", async (event) => {
  await take([...event.target.files]);
  event.target.value = "";
});
async function take(files) {
  let count = 0;
  for (const file of files) {
    try {
      count += (await send("POST", "api/messages", file)).ids.length;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      toast(`${file.name}: ${error.message}`);
      return;
    }
  }
  toast(`${plural(count, "message")} taken in.`);
}
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => { event.preventDefault(); if (event.dataTransfer.files.length) take([...event.dataTransfer.files]); });

const OPENS = { setup: () => setup(info), faults, sessions, keys };
for (const button of document.querySelectorAll("[data-open]")) button.addEventListener("click", () => OPENS[button.dataset.open]());

// -- keys -------------------------------------------------------------------------------------------------------------

const KEYS = {
  j: () => list.step(1), ArrowDown: () => list.step(1),
  k: () => list.step(-1), ArrowUp: () => list.step(-1),
  g: () => { list.scroll.scrollTop = 0; const first = list.at(0); if (first) list.open(first.id); },
  "/": () => { $("search").focus(); $("search").select(); },
  "?": keys,
  u: () => reader.message && reader.unread(),
  x: () => reader.message && reader.remove(), Delete: () => reader.message && reader.remove(),
  n: () => {
    const chips = document.querySelectorAll(".chips [data-filter]");
    chips[chips[1].getAttribute("aria-pressed") === "true" ? 0 : 1].click();
  },
  Escape: () => { location.hash = ""; },
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("dialog").open) return;
  if (event.target.matches("input, textarea, select")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.key.startsWith("Arrow") && !$("rows").contains(event.target) && event.target !== document.body) return;
  const tab = reader.message && TABS[Number(event.key) - 1];
  if (tab && tab.has(reader.message)) reader.go(tab.id);
  const deed = KEYS[event.key];
  if (!deed) return;
  event.preventDefault();
  deed();
});

await look();
route();
document.body.dataset.ready = "true";
