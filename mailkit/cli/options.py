"""Options that several commands share, said once."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "AsJson",
    "Attempts",
    "ContextFile",
    "InlinerName",
    "Locale",
    "Rate",
    "Sender",
    "Set",
    "Spam",
    "TemplateFolder",
    "Translations",
    "Via",
]

Via = Annotated[
    str,
    typer.Option(
        "--via",
        envvar="MAILKIT_URL",
        metavar="URL",
        show_envvar=True,
        show_default=False,  # a default from the settings file may hold a password
        help="The transport: smtp://user:password@host:587, smtps://…, gmail://user:password@, lmtp:, sendmail:, "
        "maildir:DIR, mbox:FILE, file:DIR, console:, null:, failover(URL URL), redirect(URL)?to=ADDRESS …",
    ),
]
Sender = Annotated[
    str, typer.Option("--from", envvar="MAILKIT_FROM", metavar="ADDRESS", help="The author: 'Ada <ada@example.com>'.")
]
TemplateFolder = Annotated[
    str,
    typer.Option(
        "--templates", envvar="MAILKIT_TEMPLATES", metavar="FOLDER", help="Where templates, layouts and pictures are."
    ),
]
ContextFile = Annotated[
    Path | None, typer.Option("--context", metavar="FILE", help="A JSON file with data for the template.")
]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="One more variable; repeatable.")]
Locale = Annotated[
    str,
    typer.Option(
        "--locale",
        envvar="MAILKIT_LOCALE",
        metavar="LANGUAGE",
        help="The language: de takes receipt.de.html if it is there.",
    ),
]
Translations = Annotated[
    str,
    typer.Option(
        "--translations",
        envvar="MAILKIT_TRANSLATIONS",
        metavar="FOLDER",
        help="gettext catalogues: FOLDER/de/LC_MESSAGES/messages.po or .mo.",
    ),
]
InlinerName = Annotated[
    str,
    typer.Option(
        "--inliner", envvar="MAILKIT_INLINER", metavar="NAME", help="What inlines CSS: premailer, css-inline or none."
    ),
]
Spam = Annotated[
    str,
    typer.Option(
        "--spam", envvar="MAILKIT_SPAM", metavar="URL", help="Ask a spam filter: spamd://127.0.0.1, rspamd://127.0.0.1."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Attempts = Annotated[
    int,
    typer.Option(
        "--attempts", envvar="MAILKIT_ATTEMPTS", min=1, max=20, help="Attempts per message on temporary failures."
    ),
]
Rate = Annotated[
    str,
    typer.Option("--rate", envvar="MAILKIT_RATE", metavar="N/UNIT", help="The fastest pace: 50/s, 600/min, 5000/h."),
]
