// One message: its head, and the tabs, each of which asks for what it shows when it is opened.

import { address, get, Refused, send } from "./api.js";
import { compare, release } from "./dialogs.js";
import { $, ask, el, icon, plural, size, toast } from "./dom.js";
import { Tabbed } from "./tabbed.js";
import { TABS } from "./tabs.js";

const KEPT = "mailkit-tab";

export class Reader extends Tabbed {
  constructor({ list, close, info }) {
    super(TABS);
    this.list = list;
    this.close = close;
    this.info = info;
    this.box = $("reader");
    this.message = null;
    this.blank();
  }

  blank() {
    this.message = null;
    document.body.classList.remove("reading");
    this.box.replaceChildren(el("div.blank", {}, el("img", { src: "static/icon.svg", alt: "", width: 64 }),
      el("p", {}, "Choose a message. ", el("kbd", {}, "j"), " and ", el("kbd", {}, "k"), " go through them, ", el("kbd", {}, "?"), " shows all keys.")));
  }

  /** Show a message; where is its tab, and a line in it. */
  async show(id, tab, line) {
    document.body.classList.add("reading");
    if (this.message?.id !== id) {
      this.aborting?.abort();
      this.aborting = new AbortController();
      let message;
      try {
        message = await get(`api/messages/${id}`, { mark: "read" }, { signal: this.aborting.signal });
      } catch (error) {
        if (error.name === "AbortError") return;
        if (!(error instanceof Refused)) throw error;
        this.message = null;
        this.box.replaceChildren(el("div.blank", {}, el("h2", {}, error.message), el("p", {}, error.hint)));
        return;
      }
      this.message = Object.assign(message, { api: `api/messages/${id}`, view: `view/${id}` });
      this.list.touch(id, { unread: false });
      this.draw();
    }
    this.open(tab || sessionStorage.getItem(KEPT) || "html", line);
  }

  draw() {
    const m = this.message;
    const files = m.attachments.map((file) =>
      el("a.file", { href: address(`api/messages/${m.id}/files/${file.number}`), download: "", title: `${file.filename} (${file.type})` },
        icon("clip"), el("span", {}, file.filename || "without a name"), el("small", {}, size(file.size))));
    this.renew();
    this.box.replaceChildren(
      el("header.head", {},
        el("div.top", {},
          el("button.icon.back", { type: "button", "aria-label": "Back to the list", onclick: this.close }, icon("back")),
          el(m.subject ? "h1" : "h1.none", { dir: "auto" }, m.subject || "no subject"),
          el("div.do", {},
            el("button.icon", { type: "button", title: "Mark as unread (u)", onclick: () => this.unread() }, icon("dot")),
            el("button.icon", { type: "button", title: "Compare with another", onclick: () => compare(m, this.list) }, icon("diff")),
            this.info.release_to.length > 0 && el("button.icon", { type: "button", title: "Release to a real relay", onclick: () => release(m, this.info) }, icon("send")),
            el("a.icon", { href: address(`api/messages/${m.id}/raw`, { download: 1 }), download: "", title: "Save as .eml" }, icon("save")),
            el("button.icon", { type: "button", title: "Delete (x)", onclick: () => this.remove() }, icon("bin")))),
        el("dl.people", {}, ...people(m)),
        el("div.facts", {},
          el("time", { dateTime: m.at }, new Date(m.at).toLocaleString()),
          el("span", {}, size(m.size)),
          m.inbox && el("span", {}, "inbox ", m.inbox),
          m.tags.map((tag) => el("span.tag", {}, tag)),
          m.code && el("span", {}, "code ", el("b.mono", {}, m.code)),
          m.warnings.length > 0 && el("button.warn", { type: "button", onclick: () => this.go("tech") }, plural(m.warnings.length, "warning"))),
        files.length > 0 && el("div.files", {}, ...files),
        this.bar),
      this.panel);
  }

  go(tab, line) {
    sessionStorage.setItem(KEPT, tab);
    history.replaceState(null, "", `#/${this.message.id}/${tab}`);
    this.open(tab, line);
  }

  async unread() {
    await send("PATCH", `api/messages/${this.message.id}`, { unread: true });
    this.list.touch(this.message.id, { unread: true });
  }

  async remove() {
    const { id } = this.message;
    const next = this.list.neighbour(1)?.id === id ? this.list.neighbour(-1) : this.list.neighbour(1);
    await send("DELETE", `api/messages/${id}`);
    toast("Deleted.");
    if (next && next.id !== id && matchMedia("(min-width: 701px)").matches) location.hash = `#/${next.id}`;
    else this.close();
    this.list.refresh();
  }
}

export function removeAll(list) {
  const words = list.search;
  ask(words ? "Delete what is listed" : "Delete all mail", `${plural(list.total, "message")} will be gone for good.`, "Delete", async () => {
    const { deleted } = await send("DELETE", "api/messages", undefined, { q: words });
    toast(`${plural(deleted, "message")} deleted.`);
    location.hash = "";
    list.reset();
  });
}

function* people(m) {
  const said = [["From", m.from], ["To", m.to], ["Cc", m.cc], ["Reply-To", m.reply_to]];
  for (const [name, found] of said) if (found.length || name === "From") yield* pair(name, found.join(", ") || "nobody");
  if (m.bcc.length) {
    yield el("dt.bcc", {}, "Bcc");
    yield el("dd.bcc", { title: "In the envelope, and in no field that recipients see" }, m.bcc.join(", "));
  }
}

function pair(name, value) {
  return [el("dt", {}, name), el("dd", {}, value)];
}
