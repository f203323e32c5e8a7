"""Messages on the terminal, as a person reads them."""

import sys
import textwrap
import threading
from collections.abc import Iterable, Iterator
from typing import TextIO

from mailkit.message import Attachment, Envelope, Message
from mailkit.transport.base import Transport, all_accepted
from mailkit.transport.outcome import Outcome

__all__ = ["ConsoleTransport"]

_WIDTH = 78
_INDENT = 4
# Read first, and in this order; the other fields come after them.
_FIRST = ("from", "sender", "to", "cc", "reply-to", "subject", "date")


class ConsoleTransport(Transport):
    """Prints each message: envelope, headers, text, and a line for each file. With ``raw`` it prints what would be sent.

    The text of a message that has only HTML is made from that. Whatever could drive a terminal is shown as ``�``.
    """

    name = "console:"

    def __init__(self, stream: TextIO | None = None, *, raw: bool = False) -> None:
        self._stream = stream
        self._raw = raw
        self._lock = threading.Lock()

    def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        body = _raw(message) if self._raw else _readable(message)
        rule = "─" * _WIDTH
        stream = self._stream or sys.stdout
        encoding = stream.encoding or "utf-8"  # a terminal or log file of the old kind cannot show every character
        lines = [rule, *_wrapped(_envelope(envelope, message)), *body, rule]
        text = "\n".join(lines).encode(encoding, "replace").decode(encoding)
        with self._lock:
            print(text, file=stream, flush=True)
        return all_accepted(envelope, relay=self.name, text="printed")


def _envelope(envelope: Envelope, message: Message) -> Iterator[str]:
    sender = envelope.sender.email if envelope.sender else "<>"
    yield f"envelope: {sender} → {', '.join(address.email for address in envelope.recipients)}"
    named = {address.key for address in (*message.to, *message.cc)}
    if blind := [address.email for address in envelope.recipients if address.key not in named]:
        yield f"not in the header: {', '.join(blind)}"


def _raw(message: Message) -> Iterator[str]:
    yield _shown(bytes(message).decode("utf-8", "replace").replace("\r\n", "\n").rstrip("\n"))


def _readable(message: Message) -> Iterator[str]:
    fields = sorted(message.headers.fields, key=lambda one: _FIRST.index(one.key) if one.key in _FIRST else len(_FIRST))
    yield from _wrapped(f"{field.name}: {field}" for field in fields)
    yield ""
    if message.text is not None:
        yield _shown(message.text.rstrip())
    elif message.html is not None:
        yield _shown(_made_from(message.html).rstrip())
    yield from _rest(message)


def _rest(message: Message) -> Iterator[str]:
    lines = list(_other_parts(message))
    return iter(["", *lines] if lines else lines)


def _other_parts(message: Message) -> Iterator[str]:
    if message.html is not None:
        made = "" if message.text is not None else "; the text above was made from it"
        yield f"[HTML, {len(message.html):,} characters{made}]"
    for other in message.alternatives:
        yield f"[{_shown(other.type)}, {len(other.text):,} characters]"
    for version in message.translations:
        yield f"[in {_shown(version.language)}: {_shown(version.subject)}]"
    for attachment in message.parts():
        yield _file_line(attachment)


def _made_from(html: str) -> str:
    from mailkit.template.plaintext import to_text  # here: it brings lxml along

    return to_text(html)


def _file_line(attachment: Attachment) -> str:
    kind = "embedded" if attachment.is_inline else "attached"
    return f"[{kind}: {_shown(attachment.filename) or 'no name'}, {attachment.type}, {attachment.size:,} bytes]"


def _wrapped(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        shown = _shown(line)
        if len(shown) <= _WIDTH:
            yield shown
        else:
            indent = " " * _INDENT
            yield from textwrap.wrap(
                shown, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
            )


def _shown(text: str) -> str:
    """Text without the characters that could drive the terminal."""
    return "".join(character if character.isprintable() or character in "\n\t" else "�" for character in text)
