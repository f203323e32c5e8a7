"""From a caught message to what is searched and listed: read once, and not while its client waits."""

import re

from mailkit.errors import MailkitError
from mailkit.inbox.caught import Caught
from mailkit.template.plaintext import to_text

__all__ = ["Filed", "filed"]

_MOST_TEXT = 200_000  # characters of a body that are searched
_SNIPPET = 140
_MOST_KEY = 400
_NUMBER = re.compile(r"\d+")
_SPACE = re.compile(r"\s+")
# What pads a preheader, so that no text of the message follows it in a list.
_PADDING = re.compile("[\u00ad\u034f\u200b-\u200f\u2007\u2060\ufeff]+")

Filed = dict[str, str | int]
"""The columns of ``mail`` and ``words`` that a message fills."""


def filed(entry: Caught) -> Filed:
    """Read a message and return its columns. Never fails: a message that cannot be read is filed by its envelope."""
    try:
        return _filed(entry)
    except MailkitError:
        people = " ".join(entry.recipients)
        return {**_EMPTY, "from_": entry.sender, "to_": people, "shown_from": entry.sender, "shown_to": people}


def _filed(entry: Caught) -> Filed:
    message = entry.message
    html = to_text(entry.html[:_MOST_TEXT]) if entry.html else ""
    text = entry.text[:_MOST_TEXT]
    named = [*map(str, message.to), *map(str, message.cc), *map(str, message.bcc)]
    everybody = [*named, *(one for one in entry.recipients if not any(one in shown for shown in named))]
    return {
        "from_": f"{', '.join(map(str, message.from_))} {entry.sender}",
        "to_": ", ".join(everybody),
        "cc": ", ".join(map(str, message.cc)),
        "bcc": ", ".join(entry.bcc),
        "subject": message.subject,
        "body": text if text.strip() == html.strip() else f"{text}\n{html}",
        "files": " ".join(file.filename for file in message.attachments),
        "shown_from": ", ".join(map(str, message.from_)) or entry.sender,
        "shown_to": ", ".join(map(str, message.to)) or ", ".join(entry.recipients),
        "message_id": message.message_id,
        "snippet": _SPACE.sub(" ", _PADDING.sub("", (text or html)[: 8 * _SNIPPET])).strip()[:_SNIPPET],
        "attachments": len(message.attachments),
        "warnings": len(entry.warnings),
        "has_html": int(bool(entry.html)),
        "has_text": int(bool(entry.text)),
        "tags": " ".join(entry.tags_within),
        "batch": _batch(entry),
    }


def _batch(entry: Caught) -> str:
    """What messages of one mailing have in common: their campaign or list (RFC 2919), or else author and subject."""
    message = entry.message
    author = ",".join(one.email.lower() for one in message.from_)
    listed = entry.origin.get("campaign") or message.headers.get("List-Id", "")
    subject = "" if listed else _NUMBER.sub("0", message.subject)
    return f"{author}\n{listed}\n{subject}"[:_MOST_KEY]


_EMPTY: Filed = {
    **dict.fromkeys(
        ("from_", "to_", "cc", "bcc", "subject", "body", "files", "snippet", "message_id", "tags", "batch"), ""
    ),
    **dict.fromkeys(("attachments", "has_html", "has_text"), 0),
    "warnings": 1,
}
