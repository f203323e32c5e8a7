"""What a command of ``mailkit mailbox`` is about: which mailbox, which folder, which messages."""

import os
import sys
from pathlib import Path
from typing import Any

from mailkit.cli import settings
from mailkit.cli.messages import identity
from mailkit.errors import ConfigError, MailboxError
from mailkit.mailbox import Imap, Pop3, StoredMessage
from mailkit.mailbox.settings import server
from mailkit.transport.url import redacted

__all__ = ["chosen", "imap", "named", "open_mailbox", "split"]


def split(given: list[str] | None) -> tuple[str, list[str]]:
    """Return the URL, which may be left out, and the ids."""
    ids = given or []
    return (ids[0], ids[1:]) if ids and "://" in ids[0] else ("", ids)


def open_mailbox(url: str, folder: str = "") -> Imap | Pop3:
    found = url or os.environ.get("MAILKIT_MAILBOX", "") or settings.load(Path.cwd()).get("mailbox", "")
    if not found:
        raise ConfigError(
            "no mailbox is given", hint="Write imaps://user:password@host after the command, or set MAILKIT_MAILBOX."
        )
    if "://" not in found:
        raise ConfigError(
            f"{redacted(found)!r} is not the URL of a mailbox", hint="Write imaps://user:password@host, or pop3s://…"
        )
    asked = server(found)
    opened = Imap(asked) if asked.is_imap else Pop3(asked)
    try:
        if folder:
            imap(opened, "--folder").select(named(opened, folder))
    except BaseException:
        opened.__exit__(*sys.exc_info())
        raise
    return opened


def imap(opened: Imap | Pop3, what: str) -> Imap:
    if isinstance(opened, Imap):
        return opened
    opened.quit()
    raise ConfigError(f"POP3 has no {what.removeprefix('--')}", hint="Use imaps://, where the server has it.")


def named(opened: Imap | Pop3, folder: str) -> str:
    return opened.special(folder).name if isinstance(opened, Imap) and folder.startswith("\\") else folder


def chosen(opened: Imap | Pop3, ids: list[str]) -> list[StoredMessage]:
    """Return messages by the ids that were shown. Raises MailboxError when one is not there."""
    if not ids:
        raise ConfigError("no message is named", hint="Give the ids that mailkit mailbox list shows.")
    known: dict[str, Any] = {}
    if isinstance(opened, Imap):
        wanted = [_number(one) for one in ids]
        known = {identity(message): message for message in opened.fetch(wanted)}
    else:
        numbers = opened.ids()
        wanted = [numbers[one] for one in ids if one in numbers]
        known = {identity(message): message for message in opened.fetch(wanted)}
    if missing := [one for one in ids if one not in known]:
        raise MailboxError(
            f"there is no message {missing[0]} in {opened.server}", hint="mailkit mailbox list shows which there are."
        )
    return [known[one] for one in dict.fromkeys(ids)]


def _number(text: str) -> int:
    if not text.isdecimal():
        raise ConfigError(f"{text!r} is not the UID of a message", hint="Give the ids that mailkit mailbox list shows.")
    return int(text)
