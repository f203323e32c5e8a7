"""What leaves: the bytes of a message, and what they demand of the servers on the way."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mailkit.message.stored import StoredBody
from mailkit.mime.bodytype import BodyType
from mailkit.mime.transfer import is_canonical

__all__ = ["Wire", "says_binary"]

_BINARY = re.compile(rb"^content-transfer-encoding:[ \t]*binary[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)


def says_binary(raw: bytes) -> bool:
    """Whether the message has parts that are not made of lines (RFC 3030), so that no byte of it may be touched."""
    head = raw.partition(b"\r\n\r\n")[0]
    return len(head) < len(raw) and _BINARY.search(head) is not None


class Wire(NamedTuple):
    """A message in one of its forms. Pieces are bytes, and large files that are read when they are sent."""

    pieces: tuple[bytes | StoredBody, ...]
    size: int
    """Bytes, as a server counts them (RFC 1870)."""
    body: BodyType = BodyType.SEVEN_BIT
    needs_smtputf8: bool = False
    """Whether the header goes beyond ASCII: an address in it has a local part that only SMTPUTF8 carries."""
    is_canonical: bool = True
    """Whether every line end is CRLF, which is how the writer makes them, and there is no bare CR or LF."""

    @classmethod
    def of(
        cls, pieces: Sequence[bytes | StoredBody], *, body: BodyType = BodyType.SEVEN_BIT, needs_smtputf8: bool = False
    ) -> "Wire":
        """Join what lies in memory, and count."""
        if StoredBody not in map(type, pieces):
            data = b"".join(pieces)  # type: ignore[arg-type]
            return cls((data,), len(data), body, needs_smtputf8)
        joined: list[bytes | StoredBody] = []
        run: list[bytes] = []
        for piece in pieces:
            if isinstance(piece, bytes):
                run.append(piece)
            else:
                joined += [b"".join(run), piece]
                run = []
        joined.append(b"".join(run))
        size = sum(len(piece) if isinstance(piece, bytes) else piece.size for piece in joined)
        return cls(tuple(joined), size, body, needs_smtputf8)

    @classmethod
    def of_raw(cls, raw: bytes) -> "Wire":
        """Take a message that was read, as it is."""
        head = raw.partition(b"\r\n\r\n")[0]
        body = BodyType.SEVEN_BIT if raw.isascii() else BodyType.EIGHT_BIT
        if says_binary(raw):
            body = BodyType.BINARY
        return cls((raw,), len(raw), body, needs_smtputf8=not head.isascii(), is_canonical=is_canonical(raw))

    def blocks(self) -> Iterator[bytes]:
        """Yield the bytes in blocks, reading stored files as they come. Raises AttachmentError when one has changed."""
        for piece in self.pieces:
            if isinstance(piece, bytes):
                yield piece
            else:
                yield from piece.blocks()

    def __bytes__(self) -> bytes:
        first = self.pieces[0]
        return first if len(self.pieces) == 1 and isinstance(first, bytes) else b"".join(self.blocks())
