"""How messages of a mailbox look: a line in a table, a page to read, an object for programs."""

import sys
from collections.abc import Iterable
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from mailkit.cli.output import line
from mailkit.mailbox import StoredMessage, Thread
from mailkit.message import Message
from mailkit.template.plaintext import to_text

__all__ = ["Listing", "facts", "identity", "page", "print_table", "size", "whole"]

_WIDE = 160  # columns for programs that read a table, and for whoever has no terminal
_MARKS = (("flagged", "★"), ("answered", "↩"), ("draft", "✎"), ("deleted", "✗"))


class Listing:
    """A table of messages, which is printed when it is complete."""

    def __init__(self, *, title: str = "") -> None:
        self._table = Table(
            box=box.SIMPLE_HEAD, title=line(title) if title else None, title_justify="left", pad_edge=False
        )
        self._table.add_column("id", style="cyan", no_wrap=True)
        self._table.add_column("", no_wrap=True)
        self._table.add_column("date", no_wrap=True, style="dim")
        self._table.add_column("from", overflow="ellipsis", no_wrap=True, max_width=32)
        self._table.add_column("subject", overflow="ellipsis", no_wrap=True, ratio=1)
        self._table.add_column("size", justify="right", no_wrap=True, style="dim")
        self.count = 0

    def add(self, message: StoredMessage, *, depth: int = 0) -> None:
        """Add a line. What has not been seen is bold."""
        is_new = bool(message.uidvalidity) and not message.is_seen and message.number == 0
        style = "bold" if is_new else ""
        marks = ("●" if is_new else " ") + "".join(mark for flag, mark in _MARKS if message.has_flag(flag))
        sent = _when(message)
        branch = "  " * (depth - 1) + "└ " if depth else ""
        self._table.add_row(
            line(identity(message)),
            line((marks, "yellow")),
            f"{sent:%Y-%m-%d %H:%M}" if sent else "",
            line((_who(message), style)),
            line((branch, "dim"), (_flat(message.subject) or "(no subject)", style)),
            size(message.size),
        )
        self.count += 1

    def add_thread(self, thread: Thread) -> None:
        """Add a conversation, with answers further to the right."""
        for depth, message in thread:
            if isinstance(message, StoredMessage):
                self.add(message, depth=min(depth, 12))

    def print(self) -> None:
        print_table(self._table)


def print_table(table: Table) -> None:
    """Print to standard output: as wide as the terminal, and in full where there is none."""
    console = Console(file=sys.stdout, highlight=False)
    if not console.is_terminal:
        console = Console(file=sys.stdout, highlight=False, width=_WIDE)
    console.print(table)


def identity(message: StoredMessage) -> str:
    """Return by what a message is called on the command line: its UID, or its number where POP3 has none."""
    return str(message.uid or message.number)


def facts(message: StoredMessage) -> dict[str, Any]:
    """Return what is known of a message without its body."""
    sent = _when(message)
    return {
        "id": identity(message),
        "folder": message.folder,
        "flags": list(message.flags),
        "date": sent.isoformat() if sent else None,
        "received": message.received.isoformat() if message.received else None,
        "from": list(map(str, message.from_)),
        "to": list(map(str, message.to)),
        "cc": list(map(str, message.cc)),
        "subject": message.subject,
        "message_id": message.message_id,
        "size": message.size,
    }


def whole(message: StoredMessage) -> dict[str, Any]:
    """Return all of a message but the content of its files."""
    return {
        **facts(message),
        "headers": [
            [name, value] for name in dict.fromkeys(message.headers) for value in message.headers.get_all(name)
        ],
        "text": message.text,
        "html": message.html,
        "attachments": [
            {"filename": file.filename, "type": file.type, "size": file.size} for file in message.attachments
        ],
        "defects": list(message.defects),
    }


def page(message: StoredMessage) -> Iterable[str | tuple[str, str]]:
    """Return a message as a person reads it, in pieces with their styles."""
    for name in ("From", "To", "Cc", "Date", "Subject"):
        if value := message.headers.get(name, ""):
            yield (f"{name}: ".rjust(9), "cyan")
            yield (f"{_flat(value)}\n", "bold" if name == "Subject" else "")
    for file in message.attachments:
        yield ("File: ".rjust(9), "cyan")
        yield f"{_flat(file.filename) or '(no name)'} ({file.type}, {size(file.size)})\n"
    yield "\n"
    yield _body(message).replace("\r\n", "\n").rstrip("\n") + "\n"


def _body(message: Message) -> str:
    if message.text is not None:
        return message.text
    return to_text(message.html) if message.html is not None else ""


def size(count: int | None) -> str:
    """Return a number of bytes as people read it.

    >>> size(999), size(20_480), size(3_500_000)
    ('999 B', '20 kB', '3.5 MB')
    """
    if count is None:
        return ""
    for unit, one in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= one:
            return f"{count / one:.{0 if unit == 'kB' or count >= 100 * one else 1}f} {unit}"
    return f"{count} B"


def _who(message: Message) -> str:
    found = message.from_
    return _flat((found[0].name or found[0].email) if found else message.headers.get("From", ""))


def _when(message: StoredMessage) -> datetime | None:
    """Return the Date of a message in the reader's own time."""
    try:
        return parsedate_to_datetime(message.headers.get("Date", "")).astimezone()
    except (ValueError, TypeError, OverflowError, OSError):
        return message.received.astimezone() if message.received else None


def _flat(text: str) -> str:
    return " ".join(text.split())
