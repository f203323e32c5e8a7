// Source with line numbers; HTML and header fields in colours. The browser lays out only the lines that are seen.

import { el } from "./dom.js";

const MOST = 1_500_000; // characters; what is more is for a file
const HTML = /(<!--[\s\S]*?(?:-->|$))|(<\/?[a-zA-Z][^\s/>]*)|(?<![\w:@.-])([\w:@.-]{1,80})(?=\s{0,20}=\s{0,20}["'])|("[^"<>]*"|'[^'<>]*')|(\/?>)/g;
const KINDS = ["note", "tag", "attr", "str", "tag"];
const JINJA = new RegExp(`(\\{#[\\s\\S]*?(?:#\\}|$))|(\\{%[\\s\\S]*?(?:%\\}|$)|\\{\\{[\\s\\S]*?(?:\\}\\}|$))|${HTML.source}`, "g");
const JINJA_KINDS = ["note", "name", ...KINDS];

const html = (text) => marked(text, HTML, KINDS);

function* marked(text, pattern, kinds) {
  let place = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > place) yield [null, text.slice(place, match.index)];
    yield [kinds[match.slice(1).findIndex((group) => group !== undefined)], match[0]];
    place = match.index + match[0].length;
  }
  if (place < text.length) yield [null, text.slice(place)];
}

function* fields(text) {
  let isHead = true;
  for (const line of text.split(/(?<=\n)/)) {
    if (isHead && /^\r?\n$/.test(line)) isHead = false;
    const found = isHead && /^([!-9;-~]{1,80}:)([\s\S]*)$/.exec(line);
    if (found) { yield ["name", found[1]]; yield [null, found[2]]; } else yield [null, line];
  }
}

export function source(text, kind, first = 1) {
  const shown = text.slice(0, MOST);
  const view = el("div.code-view", { tabIndex: 0 });
  let number = first - 1, line;
  const next = () => {
    number += 1;
    line = el("span.t");
    view.append(el("div.l", { id: `line-${number}` }, el("span.n", { "aria-hidden": "true" }, String(number)), line));
  };
  next();
  const tokens = { html: () => html(shown), raw: () => fields(shown), template: () => marked(shown, JINJA, JINJA_KINDS) }[kind]?.() ?? [[null, shown]];
  for (const [name, token] of tokens) {
    token.split(/\r?\n/).forEach((piece, index) => {
      if (index) next();
      if (piece) line.append(name ? el(`span.tok-${name}`, {}, piece) : piece);
    });
  }
  if (text.length > MOST) view.append(el("div.l", {}, el("span.n"), el("span.t.tok-note", {}, "… the rest is in the file.")));
  return view;
}

export function jump(view, number) {
  view.querySelectorAll(".hit").forEach((line) => line.classList.remove("hit"));
  const line = view.querySelector(`#line-${number}`);
  line?.classList.add("hit");
  line?.scrollIntoView({ block: "center" });
}
