// The tabs that say what is wrong: what clients do not show of the HTML, and what filters count.

import { get, Refused, send } from "./api.js";
import { el, icon, plural, svg } from "./dom.js";

export const SIGNS = { error: "error", warning: "warn", note: "note" };
const TAB_OF = { html: "source", headers: "headers", text: "text" };
const MOST_LINES = 12;
const MOST_ORIGINS = 4;

// -- Spam Analysis ----------------------------------------------------------------------------------------------------

export async function spam(m, reader) {
  const { findings } = await get(`${m.api}/lint`);
  const counts = ["error", "warning", "note"].map((kind) => findings.filter((one) => one.severity === kind).length);
  const filter = el("div", {});
  if (reader.info.scanner) scan(m, filter, reader.info.scanner);
  else filter.append(el("p.fine", {}, "No spam filter is asked. Start with ", el("code", {}, "--spam spamd://127.0.0.1"), " or ", el("code", {}, "--spam rspamd://127.0.0.1"), " to have its verdict here."));
  return el("div.pad", {},
    el("section.block", {}, el("h2", {}, "Spam filter"), filter),
    el("section.block", {}, el("h2", {}, "Looked over", el("small.fine", {}, findings.length ? ["error", "warning", "note"].map((kind, at) => counts[at] && plural(counts[at], kind)).filter(Boolean).join(" · ") : "")),
      ...(findings.length ? findings.map((one) => finding(one, reader)) : [good("Nothing that readers stumble over, and nothing that filters count.")])));
}

async function scan(m, box, name) {
  box.replaceChildren(el("p.fine", {}, `Asking ${name} …`));
  try {
    box.replaceChildren(...verdict(await send("POST", `${m.api}/scan`)));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    box.replaceChildren(el("div.finding.error", {}, icon("error"), el("b", {}, error.message), el("p", {}, error.hint)),
      el("button.act", { type: "button", onclick: () => scan(m, box, name) }, "Ask again"));
  }
}

function verdict(found) {
  const part = Math.max(0, Math.min(1, found.score / (found.threshold || 1)));
  const kind = found.is_spam ? "bad" : part > 0.6 ? "warn" : "good";
  const points = (value) => (value > 0 ? "+" : "") + value.toFixed(1);
  return [
    el("div.score", {},
      ring([[part || 0.004, kind]], found.score.toFixed(1), `of ${found.threshold.toFixed(1)}`),
      el("div", {}, el("b.big", {}, found.is_spam ? "Spam" : "Not spam"), el("p.fine", {}, `says ${found.scanner}; ${found.threshold.toFixed(1)} points and more are spam.`))),
    found.symbols.length > 0 && el("table.grid.points", { "aria-label": "Points of each rule" }, el("tbody", {}, ...found.symbols.map((one) => el("tr", {},
      el(`td.${one.points > 0 ? "bad" : one.points < 0 ? "good" : "none"}`, {}, points(one.points)),
      el("td", {}, el("span.mono", {}, one.name), el("p.fine", {}, one.text)))))),
  ].filter(Boolean);
}

function finding(one, reader) {
  const tab = TAB_OF[one.where];
  return el(`div.finding.${one.severity}`, {}, icon(SIGNS[one.severity]),
    el("div.says", {}, el("b", {}, one.title), el("span.lines", {},
      tab && at(reader, tab, one.line, one.line ? `line ${one.line}` : one.where === "html" ? "HTML" : one.where), origins(reader, one.origins))),
    one.detail && el("p.mono", {}, one.detail), one.hint && el("p", {}, one.hint));
}

const good = (text) => el("div.finding.good", {}, icon("check"), el("b", {}, text));
const at = (reader, tab, line, text, file) => el("button.at", { type: "button", onclick: () => reader.go(tab, line, file) }, text);

/** Where it is from, of a message that has been rendered: lines of the template's files. */
const origins = (reader, found = []) => found.slice(0, MOST_ORIGINS).map(({ file, line }) => {
  const button = at(reader, "template", line, `${file.replace(/^mailkit:/, "")}:${line}`, file);
  button.classList.add("origin");
  return button;
});

// -- Check HTML -------------------------------------------------------------------------------------------------------

export async function html(m, reader) {
  const report = await get(`${m.api}/html-check`);
  const list = el("div", {});
  const draw = (client) => {
    const has = (one) => !client || one.clients.some((found) => name(found) === name(client));
    const found = report.findings.filter(has);
    list.replaceChildren(...(found.length ? found.map((one) => feature(one, reader, client)) : [good("Every client that was tested shows all that this mail uses.")]));
    for (const chip of chips.querySelectorAll("button")) chip.setAttribute("aria-pressed", String(chip.dataset.name === (client ? name(client) : "")));
  };
  const chip = (client, text, ...more) => el("button", { type: "button", "data-name": client ? name(client) : "", onclick: () => draw(client) }, text, ...more);
  const worst = report.clients.filter((one) => one.unsupported.length + one.partial.length > 0);
  const chips = el("div.clients", { role: "group", "aria-label": "Clients" }, chip(null, "All clients"),
    ...worst.map((one) => chip(one, name(one), one.unsupported.length > 0 && el("b.no", { title: "not supported" }, String(one.unsupported.length)), one.partial.length > 0 && el("b.partly", { title: "in part" }, String(one.partial.length)))));
  draw(null);
  const share = [[report.supported / 100, "good"], [report.partial / 100, "warn"], [report.unsupported / 100, "bad"]];
  return el("div.pad", {},
    el("div.score", {}, ring(share, `${Math.round(report.supported)}%`, "supported"),
      el("div", {}, el("p.legend", {}, ...[["good", report.supported, "supported"], ["warn", report.partial, "in part"], ["bad", report.unsupported, "not"]].map(([kind, share, word]) => el("span", {}, el(`i.${kind}`), `${share}% ${word}`))),
        el("p.fine", {}, `Of ${plural(report.features, "feature")} of HTML and CSS in this mail, each asked of every client in its newest tested version.${report.is_cut ? " Of the HTML only the first million characters were looked at." : ""} Data: Can I email, ${new Date(report.data_date).toLocaleDateString()}.`))),
    chips, list);
}

const name = (client) => `${client.family} ${client.platform}`;
const WORDS = { no: "not", partial: "in part" };

function feature(one, reader, client) {
  const total = one.yes + one.clients.length;
  const counted = ["no", "partial"].map((kind) => [kind, one.clients.filter((found) => found.support === kind).length]).filter(([, count]) => count);
  const shown = client ? one.clients.filter((found) => name(found) === name(client)) : one.clients;
  return el(`div.finding.${one.severity}`, {}, icon(SIGNS[one.severity]),
    el("div.says", {}, el("b", {}, one.title), el("small", {}, one.category.toUpperCase()),
      el("span.lines", {}, ...one.lines.slice(0, MOST_LINES).map((line) => at(reader, "source", line, String(line))), one.lines.length > MOST_LINES && el("small", {}, `+${one.lines.length - MOST_LINES}`), origins(reader, one.origins))),
    one.hint && el("p", {}, one.hint),
    el("details", { open: Boolean(client) }, el("summary", {}, counted.map(([kind, count]) => `${kind === "no" ? "not" : "in part"} in ${count}`).join(", "), ` of ${plural(total, "client")}`),
      el("table.support", {}, el("tbody", {}, ...shown.map((found) => el("tr", {},
        el(`td.${found.support}`, {}, WORDS[found.support]), el("td", {}, name(found), " ", el("small", {}, found.version)), el("td", {}, found.notes.join(" ")))))),
      el("p.fine", {}, `Tested ${one.tested || "at an unknown time"}: `, el("a", { href: one.url, target: "_blank", rel: "noopener noreferrer" }, "how, on caniemail.com"))));
}

/** A ring of shares, each with its kind; what is in the middle says it in words. */
function ring(shares, big, small) {
  const around = 2 * Math.PI * 42;
  let turned = 0;
  const arcs = shares.filter(([share]) => share > 0).map(([share, kind]) => {
    const arc = svg("circle", { class: kind, cx: 50, cy: 50, r: 42, "stroke-dasharray": `${share * around} ${around}`, "stroke-dashoffset": -turned * around });
    turned += share;
    return arc;
  });
  const word = (y, text, kind) => { const made = svg("text", { x: 50, y, class: kind }); made.textContent = text; return made; };
  return svg("svg", { class: "ring", viewBox: "0 0 100 100", role: "img", "aria-label": `${big} ${small}` },
    svg("circle", { class: "track", cx: 50, cy: 50, r: 42 }), svg("g", { transform: "rotate(-90 50 50)" }, ...arcs), word(51, big, "big"), word(65, small, "small"));
}
