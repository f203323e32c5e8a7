// Elements are made of text, never of markup: what comes from mail cannot become part of the page.

const SVG = "http://www.w3.org/2000/svg";

/** el("a.act", {href: "…", onclick: …}, "text", child, …) */
export function el(what, properties = {}, ...children) {
  const [tag, ...classes] = what.split(".");
  const made = document.createElement(tag);
  if (classes.length) made.className = classes.join(" ");
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made && !name.startsWith("aria")) made[name] = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

const PATHS = {
  clip: "M20 11.5 12 19.4a5 5 0 0 1-7-7l8-8a3.4 3.4 0 0 1 4.8 4.8l-7.7 7.7a1.7 1.7 0 0 1-2.5-2.4l7-7",
  warn: "M12 4 2.8 20h18.4zM12 10v5M12 17.5v.1",
  bin: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13",
  save: "M12 4v11M7 10l5 5 5-5M5 20h14",
  back: "M15 5l-7 7 7 7",
  dot: "M3 7h11M3 7v12h18v-8M3 8l9 6 4-2.6M19 3a2.6 2.6 0 1 0 .1 0",
  send: "M4 12 20 4l-5 16-3.5-6.5z",
  diff: "M8 4v16M16 4v16M4 9h8M12 15h8",
  note: "M12 3a9 9 0 1 0 .1 0M12 11v5.5M12 7.6v.1",
  check: "M12 3a9 9 0 1 0 .1 0M8 12.2l2.8 2.8L16 9.5",
  close: "M6 6l12 12M18 6 6 18",
  error: "M12 3a9 9 0 1 0 .1 0M8.5 8.5l7 7M15.5 8.5l-7 7",
  phone: "M8 3h8v18H8zM11 18h2",
  tablet: "M5 3h14v18H5zM11 18h2",
  desktop: "M3 4h18v12H3zM9 20h6M12 16v4",
  sun: "M12 8a4 4 0 1 0 .1 0M12 2v2M12 20v2M4 12H2M22 12h-2M5 5l1.4 1.4M17.6 17.6 19 19M5 19l1.4-1.4M17.6 6.4 19 5",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z",
  contrast: "M12 3a9 9 0 1 0 .1 0M12 3v18",
  open: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
};

export function icon(name) {
  return svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, svg("path", { d: PATHS[name] }));
}

export const $ = (id) => document.getElementById(id);

/** Text with its web addresses as links. */
export function linked(text) {
  const found = [];
  let place = 0;
  for (const match of text.matchAll(/https?:\/\/[^\s<>"'\\^`{|}]{1,2000}/g)) {
    const url = match[0].replace(/[.,;:!?)\]]+$/, "");
    found.push(text.slice(place, match.index), el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, url));
    place = match.index + url.length;
  }
  found.push(text.slice(place));
  return found;
}

export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 999_500) return `${(bytes / 1000).toFixed(bytes < 9950 ? 1 : 0)} KB`;
  return `${(bytes / 1e6).toFixed(bytes < 9.95e6 ? 1 : 0)} MB`;
}

export function plural(count, one, many = `${one}s`) {
  return `${count.toLocaleString()} ${count === 1 ? one : many}`;
}

export function moment(iso) {
  const at = new Date(iso), now = new Date();
  if (at.toDateString() === now.toDateString()) return at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const year = at.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return at.toLocaleDateString([], { day: "numeric", month: "short", year });
}

let fading;
export function toast(text) {
  $("toast").textContent = text;
  $("toast").hidden = false;
  clearTimeout(fading);
  fading = setTimeout(() => { $("toast").hidden = true; }, 3500);
}

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied.");
  } catch {
    toast("This browser did not let it be copied.");
  }
}

export function dialog(title, ...content) {
  const box = $("dialog");
  const close = () => box.close();
  box.replaceChildren(
    el("header", {}, el("h2", { id: "dialog-title" }, title), el("button.close", { type: "button", "aria-label": "Close", onclick: close }, icon("close"))),
    el("div.body", {}, ...content),
  );
  box.onclick = (event) => { if (event.target === box) close(); };
  if (!box.open) box.showModal();
  return box;
}

export function ask(title, text, word, deed) {
  const box = dialog(
    title,
    el("p", {}, text),
    el("div.acts-row", {},
      el("button.act", { type: "button", onclick: () => box.close() }, "Leave it"),
      el("button.act.danger", { type: "button", autofocus: true, onclick: () => { box.close(); deed(); } }, word)),
  );
}
