// A message behind tabs, each of which asks for what it shows when it is opened. Who extends this has a message, and go().

import { Refused } from "./api.js";
import { $, el, icon } from "./dom.js";

export class Tabbed {
  constructor(tabs) {
    this.tabs = tabs;
    this.tab = tabs[0].id;
  }

  /** Make the bar and the panel anew, for another message. */
  renew() {
    this.kept = {};
    this.panel = el("div.panel", { role: "tabpanel", id: "panel", tabIndex: 0 });
    this.bar = el("div.tabs", { role: "tablist", "aria-label": "Views", onkeydown: (event) => this.arrows(event) },
      ...this.tabs.map((tab) => el("button", { type: "button", role: "tab", id: `tab-${tab.id}`, "aria-controls": "panel", onclick: () => this.go(tab.id) }, tab.title)));
  }

  async open(name, line, file, isQuiet) {
    const m = this.message;
    let tab = this.tabs.find((one) => one.id === name) || this.tabs[0];
    if (!tab.has(m)) tab = this.tabs.find((one) => one.has(m));
    this.tab = tab.id;
    for (const one of this.tabs) {
      const button = $(`tab-${one.id}`);
      const isOpen = one === tab;
      button.setAttribute("aria-selected", String(isOpen));
      button.tabIndex = isOpen ? 0 : -1;
      button.disabled = !one.has(m);
      button.hidden = Boolean(one.isOnly) && !one.has(m);
      if (isOpen) button.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
    this.panel.setAttribute("aria-labelledby", `tab-${tab.id}`);
    if (!this.kept[tab.id]) {
      if (!isQuiet) this.panel.replaceChildren(el("div.wait", {}, "…"));
      try {
        this.kept[tab.id] = await tab.view(m, this);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        this.panel.replaceChildren(el("div.pad", {}, el("div.finding.error", {}, icon("error"), el("b", {}, error.message), el("p", {}, error.hint))));
        return;
      }
    }
    if (this.message !== m || this.tab !== tab.id) return;
    this.panel.replaceChildren(...[this.kept[tab.id]].flat());
    this.panel.scrollTop = 0;
    if (line) tab.jump?.(this.panel, line, file);
  }

  arrows(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const open = this.tabs.filter((one) => one.has(this.message));
    const next = open[(open.findIndex((one) => one.id === this.tab) + step + open.length) % open.length];
    this.go(next.id);
    $(`tab-${next.id}`).focus();
  }
}
