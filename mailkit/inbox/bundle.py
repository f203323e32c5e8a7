"""Many messages in one file: an mbox (RFC 4155, ``mboxrd``) or .eml file to take in, an mbox or a ZIP archive to give out."""

import re
import zipfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import IO

from mailkit.errors import ParseError
from mailkit.inbox.caught import Caught
from mailkit.message import Message
from mailkit.mime.control import replace_controls
from mailkit.smtp import Received
from mailkit.transport.mbox import quoted, separator

__all__ = ["unbundled", "write_mbox", "write_zip"]

_SEPARATOR = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From [^\r\n]{0,500}\r?\n")
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_LINE_END = re.compile(rb"\r?\n")
# What the last server puts on top (RFC 5321 4.4): the envelope, which is no part of the message.
_TRACE = re.compile(rb"(Return-Path|Delivered-To):[ \t]*<?([^<>\r\n]{0,400})>?[ \t]*\r\n", re.IGNORECASE)
_FIELD = re.compile(rb"\A(?:From [^\r\n]*\r?\n)?[!-9;-~]{1,200}[ \t]*:")


def unbundled(data: bytes) -> Iterator[Received]:
    """Go through the messages of an .eml file or an mbox. Raises ParseError for what is neither."""
    if not _FIELD.search(data):
        raise ParseError(
            "this is neither a message nor an mbox",
            hint="It begins with fields such as 'From: …', or with a line 'From …'.",
        )
    if not data.startswith(b"From "):
        yield _received(data)
        return
    starts = [found.span() for found in _SEPARATOR.finditer(data)]
    ends = [begin for begin, _ in starts[1:]] + [len(data)]
    for (_, begin), end in zip(starts, ends, strict=True):
        lines = _QUOTED.sub(rb"\1", data[begin:end])
        # The empty line in front of the next separator is the mbox's.
        yield _received(_LINE_END.sub(b"\r\n", lines.removesuffix(b"\n").removesuffix(b"\r")))


def _received(raw: bytes) -> Received:
    trace: dict[bytes, list[str]] = {b"return-path": [], b"delivered-to": []}
    place = 0
    while found := _TRACE.match(raw, place):
        trace[found[1].lower()].append(found[2].decode("utf-8", "replace").strip())
        place = found.end()
    content = raw[place:]
    message = Message.parse(content)
    named = [one.email for one in (*message.to, *message.cc, *message.bcc)]
    sender = trace[b"return-path"][0] if trace[b"return-path"] else "".join(one.email for one in message.from_[:1])
    recipients = trace[b"delivered-to"] or named
    return Received(sender, tuple(dict.fromkeys(recipients)), content, hello="")


def write_mbox(messages: Iterable[Caught], file: IO[bytes]) -> None:
    """Write messages as an mbox, with the envelope of each as Return-Path and Delivered-To. Line ends become LF."""
    for caught in messages:
        trace = [f"Return-Path: <{caught.sender}>", *(f"Delivered-To: {one}" for one in caught.recipients)]
        lines = "".join(f"{replace_controls(line, by='?')}\n" for line in trace)
        file.write(separator(caught.sender, caught.at) + lines.encode("utf-8", "replace"))
        content = quoted(caught.raw.replace(b"\r\n", b"\n"))
        file.write(content if content.endswith(b"\n") else content + b"\n")
        file.write(b"\n")


def write_zip(messages: Iterable[Caught], file: IO[bytes]) -> None:
    """Write messages as .eml files in a ZIP archive, each to the byte; their names are the numbers they have here."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for caught in messages:
            at = max(caught.at, datetime(1980, 1, 1, tzinfo=UTC))
            archive.writestr(
                zipfile.ZipInfo(f"{caught.id:06}.eml", at.timetuple()[:6]), caught.raw, zipfile.ZIP_DEFLATED
            )
