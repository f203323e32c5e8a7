// What a template renders to, behind the tabs that mail has in the inbox, and one more for the template's own files.

import { address, get } from "../static/api.js";
import { SIGNS } from "../static/checks.js";
import { $, el, icon, size } from "../static/dom.js";
import { jump, source } from "../static/source.js";
import { Tabbed } from "../static/tabbed.js";
import { TABS as OF_MAIL } from "../static/tabs.js";

const KEPT = "mailkit-preview-tab";
const OF_TEMPLATE = [
  { id: "problem", title: "Error", isOnly: true, has: (m) => m.problem, view: card },
  { id: "template", title: "Template", has: () => true, view: files, jump: (panel, line, file) => { panel.firstElementChild.pick(file); jump(panel, line); } },
];
const of_mail = OF_MAIL.filter((tab) => tab.id !== "tech").map((tab) => ({ ...tab, has: (m) => !m.problem && tab.has(m) }));
const TABS = [OF_TEMPLATE[0], ...of_mail.slice(0, 2), OF_TEMPLATE[1], ...of_mail.slice(2)];

export class Reader extends Tabbed {
  constructor({ info, go, speak, close }) {
    super(TABS);
    Object.assign(this, { info, told: go, speak, close, box: $("reader"), message: null, wanted: sessionStorage.getItem(KEPT) || "html" });
    this.blank();
  }

  blank() {
    this.message = null;
    document.body.classList.remove("reading", "editing");
    this.box.replaceChildren(el("div.blank", {}, el("img", { src: "static/icon.svg", alt: "", width: 64 }), el("p", {}, "Choose a template.")));
  }

  open_tabs() { return this.tabs.filter((tab) => tab.has(this.message)); }

  /** Show a preview; one that looks the same as what is shown leaves that where it is. */
  async show(m, languages, line) {
    document.body.classList.add("reading");
    const before = this.message;
    const isSame = before?.template === m.template;
    this.message = Object.assign(m, { api: `api/previews/${m.id}`, view: `view/${m.id}`, images: isSame && before.images });
    if (!isSame || !this.panel?.isConnected) {
      this.renew();
      this.head = el("header.head");
      this.box.replaceChildren(this.head, this.panel);
    }
    if (!isSame || before.digest !== m.digest || before.locale !== m.locale) {
      this.draw(languages);
      const places = isSame ? scrolled(this.panel) : [];
      this.kept = {};
      await this.open(this.wanted, line, undefined, isSame);
      places.forEach(([selector, top]) => { const found = selector ? this.panel.querySelector(selector) : this.panel; if (found && !line) found.scrollTop = top; });
    } else if (this.tab !== this.wanted || line) await this.open(this.wanted, line);
  }

  draw(languages) {
    const m = this.message;
    const hadFocus = document.activeElement?.id === "locale";
    const attached = (m.attachments ?? []).map((file) =>
      el("a.file", { href: address(`${m.api}/files/${file.number}`), download: "", title: `${file.filename} (${file.type})` },
        icon("clip"), el("span", {}, file.filename || "without a name"), el("small", {}, size(file.size))));
    const select = el("select", { id: "locale", "aria-label": "Language", onchange: (event) => this.speak(event.target.value) },
      ...languages.map((one) => el("option", { value: one, selected: one === m.locale }, spoken(one))));
    this.head.replaceChildren(
      el("div.top", {},
        el("button.icon.back", { type: "button", "aria-label": "Back to the list", onclick: this.close }, icon("back")),
        el(m.problem || !m.subject ? "h1.none" : "h1", {}, m.problem ? "does not render" : m.subject || "no subject"),
        el("div.do", {},
          el("button.act.to-data", { type: "button", onclick: () => { document.body.classList.add("editing"); $("data").focus(); } }, "Data"),
          !m.problem && el("a.icon", { href: address(`${m.api}/raw`, { download: 1 }), download: "", title: "Save as .eml" }, icon("save")))),
      !m.problem && el("dl.people", {}, ...people(m)),
      el("div.facts", {}, select, el("span.mono", {}, m.file.replace(/^mailkit:/, "")), !m.problem && el("span", {}, size(m.size))),
      attached.length > 0 && el("div.files", {}, ...attached),
      this.bar);
    for (const child of [...this.head.childNodes]) if (child.nodeType === Node.TEXT_NODE) child.remove();
    if (hadFocus) select.focus();
  }

  go(tab, line, file) {
    this.wanted = tab;
    sessionStorage.setItem(KEPT, tab);
    this.told(tab, line);
    return this.open(tab, line, file);
  }
}

const names = new Intl.DisplayNames(["en"], { type: "language" });
const spoken = (tag) => { try { return `${names.of(tag)} (${tag})`; } catch { return tag; } };

/** Where things are scrolled to, by how they are found again. */
function scrolled(panel) {
  const inner = [...panel.querySelectorAll(".code-view, .pad")].filter((one) => one.scrollTop).map((one) => [`.${one.classList[0]}`, one.scrollTop]);
  return [["", panel.scrollTop], ...inner];
}

function* people(m) {
  const said = [["From", m.from], ["To", m.to], ["Cc", m.cc], ["Reply-To", m.reply_to]];
  for (const [name, found] of said) if (found.length) {
    yield el("dt", {}, name);
    yield el("dd", {}, found.join(", "), m.stand_ins.includes(name) && el("span.tag", { title: "The template names nobody; this is so that there is a message" }, "stand-in"));
  }
}

// -- Error ------------------------------------------------------------------------------------------------------------

function card(m, reader) {
  const p = m.problem;
  const place = p.line ? `${p.name}:${p.line}` : p.name;
  const [first] = p.excerpt[0] ?? [];
  const code = p.excerpt.length > 0 && source(p.excerpt.map(([, text]) => text).join("\n"), p.kind === "json" ? "" : "template", first);
  if (code) code.querySelector(`#line-${p.line}`)?.classList.add("hit", "bad");
  return el("div.pad", {}, el("section.card", { role: "alert" },
    el("div.finding.error", {}, icon("error"), el("b", {}, p.title),
      place && (p.line && p.kind !== "json" ? el("button.at", { type: "button", onclick: () => reader.go("template", p.line, p.name) }, place) : el("span.mono", {}, place))),
    code, p.hint && el("p.hint", {}, p.hint)));
}

// -- Template ---------------------------------------------------------------------------------------------------------

async function files(m, reader) {
  const found = await get(`${m.api}/template`);
  const notes = m.problem?.line ? [{ file: m.problem.name, line: m.problem.line, severity: "error", title: m.problem.title, detail: "", hint: m.problem.hint, tab: "problem" }] : found.notes;
  const of = (name) => notes.filter((one) => one.file === name);
  const chips = el("div.clients.of-files", { role: "group", "aria-label": "Files" }, ...found.files.map(({ name }) =>
    el("button", { type: "button", "data-name": name, onclick: () => view.pick(name) }, name.replace(/^mailkit:/, ""), of(name).length > 0 && el("b.partly", { title: "notes" }, String(of(name).length)))));
  const place = el("div.of-file");
  const view = el("div.of-template", {}, chips, place);
  view.pick = (wanted) => {
    const file = found.files.find((one) => one.name === wanted) ?? found.files[0];
    if (!file || view.shown === file.name) return;
    view.shown = file.name;
    for (const chip of chips.children) chip.setAttribute("aria-pressed", String(chip.dataset.name === file.name));
    const code = source(file.text, "template");
    const last = new Map();
    for (const one of of(file.name)) {
      const line = code.querySelector(`#line-${one.line}`);
      if (!line) continue;
      line.classList.add("noted", one.severity);
      const note = said(one, reader);
      (last.get(line) ?? line).after(note);
      last.set(line, note);
    }
    place.replaceChildren(code);
  };
  view.pick(m.problem?.name || found.files[0]?.name);
  if (m.problem?.line) requestAnimationFrame(() => jump(view, m.problem.line));
  return view;
}

function said(one, reader) {
  const rest = [one.detail, one.hint].filter(Boolean).join(" · ");
  return el(`div.remark.${one.severity}`, {}, icon(SIGNS[one.severity]),
    el("span", {}, one.tab ? el("button.link", { type: "button", onclick: () => reader.go(one.tab) }, one.title) : el("b", {}, one.title), rest && el("small", {}, rest)));
}
