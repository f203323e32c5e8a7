r"""Folders: their names, as people and as servers write them (RFC 3501 5.1.3), and what they are for (RFC 6154)."""

import re
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable
from dataclasses import dataclass

from mailkit.mime.control import replace_controls

__all__ = ["Folder", "Selected", "Stat", "decoded", "encoded", "special", "special_name"]

_SHIFTED = re.compile(rb"&([A-Za-z0-9+,]*)-")
_OUTSIDE = re.compile(r"[^\x20-\x7e]+")
_HALF = re.compile("[\ud800-\udfff]")

# What programs and providers call their folders, where the server does not say which is which.
_USUAL = {
    "sent": ("Sent", "Sent Items", "Sent Mail", "Sent Messages", "[Gmail]/Sent Mail", "Gesendet", "Envoyés"),
    "drafts": ("Drafts", "[Gmail]/Drafts", "Entwürfe", "Brouillons"),
    "trash": ("Trash", "Deleted Items", "Deleted Messages", "Bin", "[Gmail]/Trash", "Papierkorb", "Corbeille"),
    "junk": ("Junk", "Spam", "Junk E-mail", "Junk Email", "Bulk Mail", "[Gmail]/Spam"),
    "archive": ("Archive", "Archives", "Archiv"),
    "all": ("[Gmail]/All Mail", "All Mail"),
    "flagged": ("[Gmail]/Starred", "Starred"),
}


@dataclass(frozen=True, slots=True)
class Folder:
    r"""A folder of an IMAP server.

    >>> Folder("Sent", "/", ("\\HasNoChildren", "\\Sent")).use
    'sent'
    """

    name: str
    delimiter: str = ""
    """What stands between the names of a folder and the ones inside it; empty where there are none inside."""
    flags: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name

    @property
    def use(self) -> str:
        """What the server says that it is for: sent, drafts, trash, junk, archive, all, flagged; or nothing."""
        said = {flag.lower().removeprefix("\\") for flag in self.flags}
        return next((use for use in _USUAL if use in said), "")

    @property
    def is_selectable(self) -> bool:
        """Whether messages can be in it."""
        return not {flag.lower() for flag in self.flags} & {"\\noselect", "\\nonexistent"}


@dataclass(frozen=True, slots=True)
class Stat:
    """How much is in a mailbox. Of POP3 it has ``messages`` and ``size`` only; what is not known is None."""

    messages: int
    size: int | None = None
    """Bytes of all messages, where the server says so."""
    unseen: int | None = None
    recent: int | None = None
    uidnext: int | None = None
    uidvalidity: int | None = None


@dataclass(frozen=True, slots=True)
class Selected:
    """The folder that is open, as it was when it was opened."""

    folder: str
    messages: int
    recent: int
    uidnext: int
    uidvalidity: int
    """Changes when the folder is made anew: UIDs of before mean nothing then."""
    flags: tuple[str, ...]
    permanent_flags: tuple[str, ...]
    is_read_only: bool


def special_name(use: str) -> str:
    r"""Return the word for a use, of ``"Sent"``, ``"\\Sent"`` or ``"sent"``; empty when there is none."""
    word = use.lower().removeprefix("\\")
    word = {"spam": "junk", "draft": "drafts", "bin": "trash", "starred": "flagged"}.get(word, word)
    return word if word in _USUAL else ""


def special(folders: Iterable[Folder], use: str) -> Folder | None:
    """Find the folder for a use: the one that the server names, or else the one with a usual name."""
    there = [folder for folder in folders if folder.is_selectable]
    for folder in there:
        if folder.use == use:
            return folder
    by_name = {_bare(folder).casefold(): folder for folder in reversed(there)}
    return next((by_name[name.casefold()] for name in _USUAL[use] if name.casefold() in by_name), None)


def _bare(folder: Folder) -> str:
    """Some servers keep everything inside of INBOX."""
    inside = f"INBOX{folder.delimiter}"
    if folder.delimiter and folder.name.upper().startswith(inside):
        return folder.name[len(inside) :]
    return folder.name


def encoded(name: str) -> str:
    """Return a folder's name in modified UTF-7, which is ASCII.

    >>> encoded("Entwürfe & Co")
    'Entw&APw-rfe &- Co'
    """
    return _OUTSIDE.sub(_encode, name.replace("&", "&-"))


def _encode(found: re.Match[str]) -> str:
    packed = b2a_base64(found[0].encode("utf-16-be"), newline=False).rstrip(b"=").replace(b"/", b",")
    return f"&{packed.decode()}-"


def decoded(name: bytes) -> str:
    """Return a folder's name as people read it. What is no modified UTF-7 stays as it is, or is read as UTF-8.

    >>> decoded(b"Entw&APw-rfe &- Co")
    'Entwürfe & Co'
    """
    pieces: list[str] = []
    done = 0
    for found in _SHIFTED.finditer(name):
        pieces += [_plain(name[done : found.start()]), _decode(found)]
        done = found.end()
    return replace_controls(_HALF.sub("\ufffd", "".join([*pieces, _plain(name[done:])])), by="\ufffd")


def _decode(found: re.Match[bytes]) -> str:
    if not found[1]:
        return "&"
    packed = found[1].replace(b",", b"/")
    try:
        return a2b_base64(packed + b"=" * (-len(packed) % 4)).decode("utf-16-be")
    except (Base64Error, UnicodeDecodeError):
        return _plain(found[0])


def _plain(data: bytes) -> str:
    return data.decode("utf-8", "replace")
