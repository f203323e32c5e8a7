// What each tab shows of a message. m.api is where the API has it, m.view where its HTML is to be looked at.

import { address, text } from "./api.js";
import { html, spam } from "./checks.js";
import { copy, el, icon, linked, plural, size } from "./dom.js";
import { jump, source } from "./source.js";

const always = () => true;
const hasHtml = (m) => m.has_html;

export const TABS = [
  { id: "html", title: "HTML", has: hasHtml, view: shown },
  { id: "source", title: "HTML Source", has: hasHtml, view: async (m) => source(await text(`${m.api}/source`), "html"), jump: (panel, line) => jump(panel, line) },
  { id: "text", title: "Text", has: (m) => m.text !== null || !m.has_html, view: plain },
  { id: "raw", title: "Raw", has: always, view: async (m) => source(await text(`${m.api}/raw`), "raw") },
  { id: "headers", title: "Headers", has: always, view: headers },
  { id: "spam", title: "Spam Analysis", has: always, view: spam },
  { id: "check", title: "Check HTML", has: hasHtml, view: html },
  { id: "tech", title: "Tech Info", has: always, view: tech },
];

// -- HTML -------------------------------------------------------------------------------------------------------------

const WIDTHS = [["desktop", "Desktop"], ["tablet", "768"], ["phone", "375"]];
const SCHEMES = [["light", "sun", "Light"], ["dark", "moon", "Dark, as the mail has it"], ["forced", "contrast", "Dark, forced on it"]];
const look = { width: "desktop", scheme: "light" };

function shown(m) {
  // A sandbox without scripts and without our origin; the answer's own policy says the same.
  const frame = el("iframe", { title: "The mail", sandbox: "allow-popups allow-popups-to-escape-sandbox", referrerPolicy: "no-referrer" });
  const around = el("div.frame", {}, frame);
  let images = m.images;
  const draw = () => {
    around.className = `frame ${look.width}${look.scheme === "light" ? "" : " dark"}`;
    frame.src = address(m.view, { scheme: look.scheme, images: images ? 1 : "" });
    for (const button of bar.querySelectorAll("[data-value]")) button.setAttribute("aria-pressed", String(look[button.dataset.name] === button.dataset.value));
  };
  const pick = (name, value, title, ...content) =>
    el("button", { type: "button", title, "data-name": name, "data-value": value, onclick: () => { look[name] = value; draw(); } }, ...content);
  const blocked = m.remote > 0 && el("div.blocked", {}, `${plural(m.remote, "remote file")} blocked`,
    el("button.act", { type: "button", onclick: (event) => { images = m.images = true; event.target.parentNode.remove(); draw(); } }, "Load"));
  const bar = el("div.stage", {},
    el("div.pick.widths", { role: "group", "aria-label": "Width" }, ...WIDTHS.map(([value, word]) => pick("width", value, word, icon(value), word))),
    el("div.pick", { role: "group", "aria-label": "Colours" }, ...SCHEMES.map(([value, sign, word]) => pick("scheme", value, word, icon(sign), el("span.hidden", {}, word)))),
    blocked,
    el("span.space"),
    el("a.icon", { href: address(m.view), target: "_blank", rel: "noopener", title: "In a tab of its own" }, icon("open")));
  draw();
  return [bar, around];
}

// -- Text, Headers ----------------------------------------------------------------------------------------------------

function plain(m) {
  if (m.text === null) return el("div.pad", {}, el("p.fine", {}, "There is no text in it."));
  return el("div.pad", {}, el("pre.plain", {}, ...linked(m.text)));
}

function headers(m) {
  return el("div.pad", {}, el("table.grid", {}, el("tbody", {}, ...m.headers.map(([name, value]) =>
    el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, value))))));
}

// -- Tech Info --------------------------------------------------------------------------------------------------------

function tech(m) {
  const e = m.envelope;
  const rows = (pairs) => el("table.grid", {}, el("tbody", {}, ...pairs.filter(([, value]) => value).map(([name, value]) => el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, value)))));
  const block = (title, ...content) => el("section.block", {}, el("h2", {}, title), ...content);
  return el("div.pad", {},
    m.warnings.length > 0 && block("Warnings", ...m.warnings.map((one) => el("div.finding.warning", {}, icon("warn"), el("b", {}, one)))),
    Object.keys(m.origin).length > 0 && block("Made by mailkit", rows([["Template", m.origin.template], ["Row", m.origin.row], ["Campaign", m.origin.campaign]])),
    block("Envelope", rows([
      ["MAIL FROM", e.sender ? `<${e.sender}>` : "<> (no return path)"],
      ["RCPT TO", e.recipients.map((one) => `<${one}>`).join("\n")],
      ["Blind copies", m.bcc.join("\n")],
      ["Logged in as", e.user], ["Client", [e.hello, e.peer && `(${e.peer})`].filter(Boolean).join(" ")],
      ["Connection", e.secure ? "TLS" : "not encrypted"], ["Declared body", e.body], ["Inbox", m.inbox], ["Number", String(m.id)], ["Message-ID", m.message_id], ["Size", `${m.size.toLocaleString()} bytes`]])),
    block("Parts", el("ul.tree", {}, branch(m.parts))),
    m.links.length > 0 && block("Links", el("table.grid", {}, el("tbody", {}, ...m.links.map((url) => el("tr", {}, el("td", {}, el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, url))))))),
    m.code && block("Code", el("div.field", {}, el("span.code-line", {}, m.code), el("button.act", { type: "button", onclick: () => copy(m.code) }, "Copy"))),
    m.transcript.length > 0 && block("SMTP", transcript(m.transcript)));
}

function branch(part) {
  const facts = [part.charset, part.encoding, part.disposition, part.filename && `“${part.filename}”`, part.cid && `cid:${part.cid}`, part.parts.length ? "" : size(part.size)];
  return el("li", {}, el("div", {}, el("code", {}, part.type), el("small", {}, facts.filter(Boolean).join(" · "))),
    part.parts.length > 0 && el("ul", {}, ...part.parts.map(branch)));
}

export function transcript(said) {
  return el("div.wire", {}, ...said.map((line) => {
    const kind = line.startsWith("C:") ? "c" : /^S: [45]/.test(line) ? "r" : "s";
    return el(`div.${kind}`, {}, line);
  }));
}
