// The data of a template, as JSON that can be changed. Changes stay in the page: nothing is written.

import { $, el } from "../static/dom.js";

const PAUSE = 150; // milliseconds without a key before it is rendered

export class Editor {
  constructor(changed) {
    this.changed = changed;
    this.name = "";
    this.kept = new Map(); // by template, what has been typed
    this.area = $("data");
    this.area.addEventListener("input", () => {
      this.kept.set(this.name, this.area.value);
      this.mark();
      clearTimeout(this.typing);
      this.typing = setTimeout(changed, PAUSE);
    });
    $("reset").addEventListener("click", () => {
      this.kept.delete(this.name);
      this.area.value = this.sample ?? "";
      this.mark();
      changed();
    });
    $("done").addEventListener("click", () => document.body.classList.remove("editing"));
  }

  get isEdited() { return this.kept.has(this.name); }

  /** What is sent: nothing while it is the sample. */
  get data() { return this.kept.get(this.name); }

  show(name) {
    if (name === this.name) return;
    this.name = name;
    this.sample = undefined;
    this.area.value = this.data ?? "";
    this.wrong(null);
    this.mark();
    $("editor").hidden = false;
  }

  hide() {
    this.name = "";
    $("editor").hidden = true;
    document.body.classList.remove("editing");
  }

  /** What the answer says of the sample, and of the data that was sent. */
  told(found) {
    const isNew = this.isEdited && this.sample !== undefined && this.sample !== found.sample_data;
    this.sample = found.sample_data;
    if (!this.isEdited && this.area.value !== this.sample) this.area.value = this.sample;
    $("sample").textContent = found.sample ? found.sample.replace(/^mailkit:/, "") : "no sample file";
    $("sample").title = isNew ? "The sample has changed since" : "";
    this.wrong(found.problem?.kind === "json" ? found.problem : null);
    this.mark();
  }

  mark() {
    $("edited").hidden = $("reset").hidden = !this.isEdited;
  }

  wrong(problem) {
    this.area.setAttribute("aria-invalid", String(Boolean(problem)));
    $("wrong").replaceChildren(...(problem
      ? [problem.line ? el("button.at", { type: "button", onclick: () => this.select(problem.line) }, `line ${problem.line}`) : "", el("span", {}, problem.title)]
      : []));
  }

  select(number) {
    const lines = this.area.value.split("\n");
    const start = lines.slice(0, number - 1).reduce((sum, line) => sum + line.length + 1, 0);
    this.area.focus();
    this.area.setSelectionRange(start, start + (lines[number - 1] ?? "").length);
  }
}
