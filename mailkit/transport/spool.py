"""A message as programs of Unix keep it: lines that end in LF, and the fields of a final delivery on top."""

from collections.abc import Iterator

from mailkit.message import Envelope
from mailkit.message.wire import Wire
from mailkit.mime.bodytype import BodyType

__all__ = ["local_lines", "trace"]


def local_lines(wire: Wire) -> Iterator[bytes]:
    """Yield the message with LF for CRLF, in blocks that end with a line; the last line ends too.

    A message in BINARYMIME (RFC 3030) is not made of lines: nothing in it may be touched.
    """
    is_binary = wire.body is BodyType.BINARY
    rest = b""
    for block in wire.blocks():
        rest += block
        end = rest.rfind(b"\n") + 1
        whole, rest = rest[:end], rest[end:]
        if whole:
            yield whole if is_binary else whole.replace(b"\r\n", b"\n")
    if rest:
        yield rest if is_binary else rest + b"\n"


def trace(envelope: Envelope) -> bytes:
    """Return what stands on top of a delivered message: the return path (RFC 5321 4.4), and who it was delivered to."""
    sender = envelope.sender.wire if envelope.sender else ""
    lines = [f"Return-Path: <{sender}>\n", *(f"Delivered-To: {one.wire}\n" for one in envelope.recipients)]
    return "".join(lines).encode()
