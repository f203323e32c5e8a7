// What opens over the page: how to send here, faults, sessions, keys, a comparison, a release.

import { get, Refused, send } from "./api.js";
import { copy, dialog, el, plural } from "./dom.js";
import { transcript } from "./tabs.js";

export async function setup(info) {
  dialog("Send to this inbox", ...instructions(info));
}

export function instructions(info) {
  const { host, port } = info;
  const code = (text) => el("div.copied", {}, el("pre.code", { tabIndex: 0 }, text), el("button.act", { type: "button", onclick: () => copy(text) }, "Copy"));
  const ports = [
    ["SMTP", port, "any login or none; each user has an inbox of his own"], ["SMTP with TLS", info.tls_port, "TLS from the start"],
    ["LMTP", info.lmtp_port, ""], ["POP3", info.pop3_port, "read it with a mail client: any login; an address gets its own mail"],
    ["IMAP", info.imap_port, "the same, with folders and marks"],
  ].filter(([, number]) => number);
  return [
    el("table.grid", {}, el("tbody", {}, ...ports.map(([name, number, note]) =>
      el("tr", {}, el("th", { scope: "row" }, name), el("td.mono", {}, `${host}:${number}`), el("td.fine", {}, note))))),
    el("h3", {}, "mailkit"), code(`Mailer("smtp://${host}:${port}?tls=off")`),
    el("h3", {}, "A shell, a container, twelve factors"), code(`export MAILKIT_URL='smtp://${host}:${port}?tls=off'`),
    el("h3", {}, "smtplib"), code(`with smtplib.SMTP("${host}", ${port}) as smtp:\n    smtp.send_message(message)`),
    el("h3", {}, "Django"), code(`EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"\nEMAIL_HOST = "${host}"\nEMAIL_PORT = ${port}`),
    el("h3", {}, "Flask-Mail"), code(`MAIL_SERVER = "${host}"\nMAIL_PORT = ${port}`),
    el("h3", {}, "Node.js, nodemailer"), code(`nodemailer.createTransport({ host: "${host}", port: ${port}, secure: false })`),
  ];
}

export function keys() {
  const row = (text, ...found) => [el("dt", {}, ...found.map((key) => el("kbd", {}, key))), el("dd", {}, text)];
  dialog("Keys", el("dl.keys", {},
    ...row("next message, and the one before", "j", "k"), ...row("to the search", "/"), ...row("the tabs", "1", "…", "8"),
    ...row("mark as unread", "u"), ...row("delete", "x"), ...row("to the newest", "g"), ...row("show unread ones only, or all", "n"),
    ...row("back to the list", "Esc"), ...row("this", "?")));
}

export async function sessions() {
  const found = (await get("api/sessions")).sessions;
  dialog("Sessions without a message",
    el("p", {}, "What was said on connections on which something was refused, or that broke off."),
    ...(found.length ? found.slice(0, 50).map((one) => [el("h3", {}, new Date(one.at).toLocaleString(), one.refusals.length ? ` · ${one.refusals[0]}` : ""), transcript(one.transcript)]).flat()
      : [el("p", {}, "None so far.")]));
}

export async function faults() {
  const draw = async () => {
    const { rules } = await get("api/rules");
    const input = el("input.code", { type: "text", placeholder: "rcpt *@example.com 452 'Not today' nth=2", "aria-label": "A rule", maxLength: 1000 });
    const wrong = el("p.danger", { role: "alert", hidden: true });
    const add = async (event) => {
      event.preventDefault();
      try {
        await send("POST", "api/rules", { rule: input.value });
        draw();
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        wrong.textContent = `${error.message}. ${error.hint}`;
        wrong.hidden = false;
      }
    };
    const example = (text) => el("button.act", { type: "button", onclick: () => { input.value = text; input.focus(); } }, el("code", {}, text));
    dialog("Faults on purpose",
      el("p", {}, "Rules are asked in their order; the first that fits acts. A stage (connect, ehlo, auth, mail, rcpt, data, dot, any), a pattern, what it does, and when."),
      el("form.field", { onsubmit: add }, input, el("button.act.main", { type: "submit" }, "Add")), wrong,
      el("div.acts-row", {}, example("rcpt *@example.com 550"), example("dot 451 every=3"), example("rcpt greylist"), example("any delay=2"), example("dot drop times=1")),
      ...rules.map((one) => el("div.rule", {}, el("code", {}, one.rule), el("span.fine", {}, `acted ${plural(one.acted, "time")}`),
        el("button.act", { type: "button", onclick: async () => { await send("DELETE", `api/rules/${one.number}`); draw(); } }, "Take away"))),
      rules.length === 0 && el("p", {}, "There is none: everything is taken."));
    input.focus();
  };
  await draw();
}

export function release(message, info) {
  const input = el("input", { type: "text", value: message.envelope.recipients.join(", "), "aria-label": "Recipients" });
  const said = el("div", { role: "status" });
  const go = async (event) => {
    event.preventDefault();
    said.replaceChildren(el("p", {}, "Sending …"));
    try {
      const { outcomes } = await send("POST", `api/messages/${message.id}/release`, { to: input.value.split(",").map((one) => one.trim()).filter(Boolean) });
      said.replaceChildren(...outcomes.map((one) => el("p", {}, one.said)));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      said.replaceChildren(el("p.danger", {}, `${error.message}. ${error.hint}`));
    }
  };
  dialog("Release to a real relay", el("p", {}, `It is sent as it came. Allowed: ${info.release_to.join(", ")}.`),
    el("form.field", { onsubmit: go }, input, el("button.act.main", { type: "submit" }, "Send")), said);
}

export async function compare(message, list) {
  const below = list.neighbour(1);
  const input = el("input", { type: "number", min: 1, value: below && below.id !== message.id ? below.id : "", "aria-label": "The number of another message" });
  const place = el("div");
  const go = async (event) => {
    event?.preventDefault();
    if (!input.value) return;
    try {
      const { parts } = await get(`api/messages/${message.id}/difference/${input.value}`);
      place.replaceChildren(...parts.flatMap((part) => [el("h3", {}, part.name), part.same ? el("p", {}, "The same.") : changes(part.blocks)]));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      place.replaceChildren(el("p.danger", {}, error.message));
    }
  };
  dialog(`Message ${message.id} beside another`,
    el("p", {}, "What is only in this one is red, what is only in the other is green."),
    el("form.field", { onsubmit: go }, input, el("button.act.main", { type: "submit" }, "Compare")), place);
  await go();
}

function changes(blocks) {
  const line = (kind, mark) => (text) => el(kind ? `div.${kind}` : "div", {}, `${mark} ${text}`);
  return el("div.diff", {}, ...blocks.flatMap((block) => [
    block.skipped ? el("div.gap", {}, `${block.skipped} lines are the same`) : null,
    ...(block.same ? block.left.map(line("", " ")) : [...block.left.map(line("del", "−")), ...block.right.map(line("ins", "+"))]),
  ]).filter(Boolean));
}

