// The list: only the rows that can be seen are there, whether there are ten messages or a hundred thousand.

import { get, Refused } from "./api.js";
import { $, el, icon, moment } from "./dom.js";

const HEIGHT = 76;
const PAGE = 100;
const BEYOND = 6; // rows above and below what is seen

/** Of people with names, the names alone. */
const names = (people) => people.replace(/(^|, )"?([^",<>]+?)"? <[^<>]+>/g, "$1$2");

export class List {
  constructor({ open, batch, problem }) {
    this.open = open;
    this.batch = batch;
    this.problem = problem;
    this.q = "";
    this.inbox = null;
    this.grouped = false;
    this.total = 0;
    this.chosen = null; // the number of a message
    this.newest = Infinity; // what is newer than this arrived while we looked
    this.pages = new Map();
    this.asked = new Map();
    this.generation = 0;
    this.scroll = $("scroll");
    this.rows = $("rows");
    this.scroll.addEventListener("scroll", () => this.draw(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(this.scroll);
    this.rows.addEventListener("click", (event) => {
      const row = event.target.closest(".row");
      if (event.target.closest(".count")) this.batch(Number(row.dataset.id));
      else if (row?.dataset.id) this.open(Number(row.dataset.id));
    });
  }

  /** What the API calls a search: for what is done to all that is listed. */
  get search() {
    const words = [this.q];
    if (this.inbox !== null) words.push(`inbox:"${this.inbox.replace(/["\\]/g, "\\$&")}"`);
    return words.filter(Boolean).join(" ");
  }

  /** Look again from the beginning. */
  async reset() {
    this.scroll.scrollTop = 0;
    this.newest = Infinity;
    this.pages.clear();
    await this.refresh();
  }

  /** Look again at what is shown, and stay where we are. */
  async refresh() {
    const generation = ++this.generation;
    this.asked.clear();
    const before = this.total;
    const first = Math.max(0, Math.floor(this.scroll.scrollTop / HEIGHT / PAGE));
    try {
      const found = await this.ask(first, generation);
      if (!found) return;
      this.pages = new Map([[first, found.messages]]);
      this.asked = new Map([[first, true]]);
      const more = found.total - before;
      this.total = found.total;
      this.rows.style.height = `${this.total * HEIGHT}px`;
      if (this.scroll.scrollTop > HEIGHT && more > 0 && this.newest !== Infinity) this.scroll.scrollTop += more * HEIGHT;
      this.problem(null);
      this.draw();
      if (this.newest === Infinity || first === 0) this.newest = Math.max(...found.messages.map((one) => one.id), 0);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.problem(error);
    }
  }

  async ask(page, generation) {
    const found = await get("api/messages", { q: this.search, grouped: this.grouped ? 1 : "", offset: page * PAGE, limit: PAGE });
    return generation === this.generation ? found : null;
  }

  at(index) {
    const page = Math.floor(index / PAGE);
    if (!this.asked.has(page)) {
      this.asked.set(page, true);
      const generation = this.generation;
      this.ask(page, generation).then((found) => {
        if (!found) return;
        this.pages.set(page, found.messages);
        this.draw();
      }, (error) => { if (error instanceof Refused) this.problem(error); });
    }
    return this.pages.get(page)?.[index % PAGE];
  }

  draw() {
    const top = Math.floor(this.scroll.scrollTop / HEIGHT);
    const first = Math.max(0, top - BEYOND);
    const last = Math.min(this.total, top + Math.ceil(this.scroll.clientHeight / HEIGHT) + BEYOND);
    const made = [];
    for (let index = first; index < last; index++) made.push(this.row(index, this.at(index)));
    this.rows.replaceChildren(...made);
    const active = made.find((row) => row.getAttribute("aria-selected") === "true");
    if (active) this.rows.setAttribute("aria-activedescendant", active.id);
    else this.rows.removeAttribute("aria-activedescendant");
    $("nothing").hidden = this.total > 0;
  }

  row(index, one) {
    const place = { role: "option", "aria-posinset": index + 1, "aria-setsize": this.total };
    if (!one) {
      const row = el("div.row.empty", place);
      row.style.top = `${index * HEIGHT}px`;
      return row;
    }
    const to = names(one.to || one.recipients.join(", "));
    const count = one.count > 1 ? el("button.count", { type: "button", tabIndex: -1, title: `Show all ${one.count}` }, one.count.toLocaleString()) : null;
    const row = el("div.row", { ...place, id: `m${one.id}`, "aria-selected": String(one.id === this.chosen) },
      el("div.who", {}, el("bdi", {}, names(one.from || one.sender) || "nobody"), " → ", el("bdi", {}, to)),
      el("time", { dateTime: one.at, title: new Date(one.at).toLocaleString() }, moment(one.at)),
      el("div.what", { dir: "auto" }, one.subject || "(no subject)"),
      el("div.marks", {},
        count,
        one.inbox && el("span.tag", { title: "Inbox" }, one.inbox.slice(0, 14)),
        one.tags.slice(0, 2).map((tag) => el("span.tag", {}, tag.slice(0, 12))),
        one.warnings > 0 && el("span.warn", { title: `${one.warnings} warnings` }, icon("warn")),
        one.attachments > 0 && el("span", { title: `${one.attachments} files` }, icon("clip"))),
      el("div.how", { dir: "auto" }, one.snippet || " "));
    row.dataset.id = one.id;
    row.style.top = `${index * HEIGHT}px`;
    if (one.unread) row.classList.add("unread");
    if (one.id > this.newest) row.classList.add("fresh");
    return row;
  }

  choose(id) {
    this.chosen = id;
    this.draw();
  }

  /** Change what is shown of one message, before the inbox says so. */
  touch(id, change) {
    for (const page of this.pages.values()) for (const one of page) if (one.id === id) Object.assign(one, change);
    this.draw();
  }

  index(id = this.chosen) {
    for (const [page, messages] of this.pages) {
      const found = messages.findIndex((one) => one.id === id);
      if (found >= 0) return page * PAGE + found;
    }
    return -1;
  }

  /** The message so many rows from the chosen one. */
  neighbour(step) {
    const here = this.index();
    const index = here < 0 ? 0 : Math.min(this.total - 1, Math.max(0, here + step));
    return this.total ? this.at(index) : undefined;
  }

  step(step) {
    const next = this.neighbour(step);
    if (!next) return;
    const top = this.index(next.id) * HEIGHT, shown = this.scroll;
    if (top < shown.scrollTop) shown.scrollTop = top;
    else if (top + HEIGHT > shown.scrollTop + shown.clientHeight) shown.scrollTop = top + HEIGHT - shown.clientHeight;
    this.open(next.id);
  }
}
