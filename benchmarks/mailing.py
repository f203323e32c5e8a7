"""The two mailings that campaigns are measured with, a newsletter and a receipt, and the ways to send them: mailkit's and
those of the peers."""

import contextlib
import csv
import io
import logging
import smtplib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Any

import jinja2
from mailmerge.__main__ import main as mailmerge_main
from premailer import transform

from benchmarks import newsletter
from benchmarks.compose import RECEIPT_HTML, RECEIPT_TEXT

__all__ = ["MAILINGS", "Mailing", "loop", "mailmerge"]

SENDER = "letters@news.example.com"
_FIRST = ("Zoë", "Bob", "O'Neil", "Mara & Tom")


@dataclass(frozen=True)
class Mailing:
    """A template and those who get it."""

    title: str
    template: str
    files: Mapping[str, str]
    person: Callable[[int], dict[str, Any]]
    aim: int
    """Messages a second."""
    merged: str
    """The same in mailmerge's form; the other files lie beside it."""
    context: Mapping[str, Any] = field(default_factory=dict)
    is_inlined: bool = True
    """Whether there is CSS to inline."""

    def write_list(self, path: Path, count: int) -> Path:
        """Write a list of so many people as CSV."""
        with path.open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, list(self.person(0)))
            table.writeheader()
            table.writerows(map(self.person, range(count)))
        return path


def _reader(number: int) -> dict[str, Any]:
    """In a list everything is text, and what is not so is empty."""
    return {**newsletter.person(number), "vip": "yes" if number % 5 == 0 else ""}


def _customer(number: int) -> dict[str, Any]:
    return {
        "email": f"customer{number}@example.com",
        "first": _FIRST[number % 4],
        "number": f"R-{number:07}",
        "total": f"{number % 900 + 1},90 €",
        "day": "14 March",
    }


def _personal(text: str) -> str:
    return text.replace("Zoë", "{{ first }}")


_RECEIPT_HTML = _personal(RECEIPT_HTML).replace(
    "</table>", "</table>\n<p>In all: <strong>{{ total }}</strong>, paid on {{ day }}. Your order is {{ number }}.</p>"
)
_RECEIPT_TEXT = _personal(RECEIPT_TEXT) + "\nIn all: {{ total }}, paid on {{ day }}. Your order is {{ number }}.\n"
_SUBJECT = "Your receipt {{ number }}, {{ first }}"

# mailmerge has no values but those of the row. So what is the same for everybody is in the template, as its users write it.
_MERGED_NEWSLETTER = (
    "".join(f"{{% set {name} = {value!r} -%}}\n" for name, value in newsletter.content().items())
    + f"TO: {{{{ email }}}}\nFROM: {SENDER}\n"
    + newsletter.FILES[newsletter.NAME].replace("\n\n", '\nContent-Type: text/html; charset="utf-8"\n\n', 1)
)
# As its documentation shows it for a text beside the HTML.
_MERGED_RECEIPT = f"""\
TO: {{{{ email }}}}
FROM: {SENDER}
SUBJECT: {_SUBJECT}
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="boundary"

--boundary
Content-Type: text/plain; charset="utf-8"

{_RECEIPT_TEXT}
--boundary
Content-Type: text/html; charset="utf-8"

{_RECEIPT_HTML}
--boundary--
"""

MAILINGS = {
    "newsletter": Mailing(
        "The newsletter: 30 KB of HTML, 80 rules of CSS to inline, and a text that is made of it",
        newsletter.NAME,
        newsletter.FILES,
        _reader,
        2000,
        _MERGED_NEWSLETTER,
        newsletter.content(),
    ),
    "receipt": Mailing(
        "The receipt: a text and 4 KB of HTML, both written by hand",
        "receipt.html",
        {"receipt.html": f"Subject: {_SUBJECT}\n\n{_RECEIPT_HTML}", "receipt.txt": _RECEIPT_TEXT},
        _customer,
        4000,
        _MERGED_RECEIPT,
        is_inlined=False,
    ),
}


def loop(mailing: Mailing, recipients: Path, port: int) -> int:
    """Send as a script would: Jinja, premailer where there is CSS, EmailMessage, smtplib, one connection, no journal.

    A text is sent where one was written; none is made of the HTML.
    """
    bodies = {
        name: text.partition("\n\n")[2] if text.startswith("Subject:") else text for name, text in mailing.files.items()
    }
    jinja = jinja2.Environment(
        loader=jinja2.DictLoader(bodies),
        autoescape=jinja2.select_autoescape(["html"]),
        undefined=jinja2.StrictUndefined,
    )
    html, name = jinja.get_template(mailing.template), mailing.template.replace(".html", ".txt")
    text = jinja.get_template(name) if name in bodies else None
    subject = jinja.from_string(mailing.files[mailing.template].partition("\n")[0].removeprefix("Subject: "))
    sent = 0
    with smtplib.SMTP("127.0.0.1", port) as client, recipients.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            values = {**mailing.context, **row}
            message = EmailMessage(policy=SMTP)
            message["From"], message["To"] = SENDER, row["email"]
            message["Subject"] = subject.render(values)
            message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="news.example.com")
            page = html.render(values)
            if mailing.is_inlined:
                page = transform(page, cssutils_logging_level=logging.CRITICAL)
            if text is not None:
                message.set_content(text.render(values))
                message.add_alternative(page, subtype="html")
            else:
                message.set_content(page, subtype="html")
            client.send_message(message)
            sent += 1
    return sent


def mailmerge(mailing: Mailing, recipients: Path, port: int) -> int:
    """Send by mailmerge's own command, in this process: what it takes to start is not counted.

    It opens a connection for each message and prints each, here to nowhere. It inlines no CSS and escapes nothing.
    """
    folder = recipients.parent / "mailmerge"
    folder.mkdir(exist_ok=True)
    for name, text in mailing.files.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "template.txt").write_text(mailing.merged, encoding="utf-8")
    (folder / "server.conf").write_text(f"[smtp_server]\nhost = 127.0.0.1\nport = {port}\nratelimit = 0\n")
    files = {"template": folder / "template.txt", "database": recipients, "config": folder / "server.conf"}
    options = [f"--{option}={path}" for option, path in files.items()]
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        mailmerge_main(["--no-dry-run", "--no-limit", "--output-format=text", *options], standalone_mode=False)
    return told.getvalue().count(" sent\n")
