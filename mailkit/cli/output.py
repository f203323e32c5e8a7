"""What the commands print: answers to standard output, everything else to standard error."""

import json
import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from mailkit.errors import MailkitError

__all__ = ["line", "notes", "print_bytes", "print_error", "print_json"]

notes = Console(stderr=True, highlight=False, soft_wrap=True)
"""For people: progress, summaries, errors. Never for what a program would read."""


def print_json(data: Mapping[str, Any], *, indent: int | None = 2) -> None:
    """Print one JSON object; without an ``indent`` on one line, for a program that reads line by line."""
    sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=indent) + "\n")
    sys.stdout.flush()


def print_bytes(data: bytes) -> None:
    """Print bytes as they are, all of them: with PYTHONUNBUFFERED set, one write may take only some."""
    rest = memoryview(data)
    while rest:
        rest = rest[sys.stdout.buffer.write(rest) :]
    sys.stdout.buffer.flush()


def print_error(error: MailkitError, *, as_json: bool = False) -> None:
    """Print an error with its hint, for a person or for a program."""
    if as_json:
        print_json(
            {"error": {"kind": error.slug, "message": str(error), "hint": error.hint, "exit_code": error.exit_code}}
        )
        return
    notes.print(line(("error: ", "bold red"), str(error)))
    if error.hint:
        notes.print(line(("hint:  ", "bold cyan"), error.hint))


def line(*parts: str | tuple[str, str]) -> Text:
    """Return a styled line. Text from mails and servers is never read as markup, and controls are shown, not obeyed."""
    shown = (part if isinstance(part, str) else part[0] for part in parts)
    styles = ("" if isinstance(part, str) else part[1] for part in parts)
    text = Text()
    for part, style in zip(shown, styles, strict=True):
        text.append("".join(c if c.isprintable() or c in "\n\t" else "�" for c in part), style=style or None)
    return text
