"""Messages on the terminal, as a person reads them."""

import sys
import threading
from typing import TextIO

from mailkit.message import Attachment, Envelope, Message
from mailkit.transport.base import Transport, all_accepted
from mailkit.transport.outcome import Outcome

__all__ = ["ConsoleTransport"]

_WIDTH = 78


class ConsoleTransport(Transport):
    """Prints each message: envelope, headers, text, and a line for each file."""

    name = "console:"

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def deliver(self, envelope: Envelope, message: Message) -> tuple[Outcome, ...]:
        sender = envelope.sender.email if envelope.sender else "<>"
        lines = [
            "─" * _WIDTH,
            _shown(f"envelope: {sender} → {', '.join(address.email for address in envelope.recipients)}"),
            *(f"{_shown(field.name)}: {_shown(str(field))}" for field in message.headers.fields),
            "",
            _shown((message.text or "").rstrip()),
        ]
        if message.html is not None:
            lines += ["", f"[HTML, {len(message.html):,} characters]"]
        lines += [_file_line(attachment) for attachment in message.parts()]
        lines.append("─" * _WIDTH)
        stream = self._stream or sys.stdout
        encoding = stream.encoding or "utf-8"  # a terminal or log file of the old kind cannot show every character
        text = "\n".join(lines).encode(encoding, "replace").decode(encoding)
        with self._lock:
            print(text, file=stream, flush=True)
        return all_accepted(envelope, relay=self.name, text="printed")


def _file_line(attachment: Attachment) -> str:
    kind = "embedded" if attachment.is_inline else "attached"
    return f"[{kind}: {_shown(attachment.filename) or 'no name'}, {attachment.type}, {attachment.size:,} bytes]"


def _shown(text: str) -> str:
    """Text without the characters that could drive the terminal."""
    return "".join(character if character.isprintable() or character in "\n\t" else "�" for character in text)
