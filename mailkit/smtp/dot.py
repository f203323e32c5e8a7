"""The end of data: one place decides what may look like it (RFC 5321 4.5.2, 2.3.8).

A server ends the message at CRLF ``.`` CRLF. Some also end it at a bare LF or CR beside a dot, and so let one message
smuggle another one past them. Nothing that leaves here has a bare CR or LF, and every line that begins with a dot gets
a second one.
"""

from mailkit.mime.transfer import is_canonical as _is_canonical
from mailkit.sansio import Buffer

__all__ = ["END", "DataReader", "Stuffer", "stuff", "with_crlf"]

END = b".\r\n"


def stuff(content: bytes, *, is_canonical: bool = False) -> bytes:
    """Return ``content`` for DATA: CRLF lines, dots doubled, ended by CRLF, without the final dot.

    Line ends are looked through unless they are known to be canonical, as those of composed messages are.
    """
    if not is_canonical:
        content = with_crlf(content)
    if content.startswith(b"."):
        content = b"." + content
    content = content.replace(b"\r\n.", b"\r\n..")
    # A message that ends its last line already gets no empty line more: that would break a signature over its body.
    return content if content.endswith(b"\r\n") or not content else content + b"\r\n"


def with_crlf(content: bytes) -> bytes:
    """Return ``content`` with each CR, LF and CRLF in it as CRLF."""
    if _is_canonical(content):
        return content
    return content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")


class Stuffer:
    """Does what :func:`stuff` does to a content that comes in blocks, cut anywhere."""

    def __init__(self) -> None:
        self._is_line_over = True
        self._has_cr = False  # the last block ended with it; the next may begin with its LF

    def feed(self, block: bytes) -> bytes:
        """Return what goes out for ``block``, which may be nothing yet."""
        if not block:
            return b""
        if self._has_cr:
            block = b"\r" + block
        self._has_cr = block.endswith(b"\r")
        if self._has_cr:
            block = block[:-1]
        return self._stuffed(block) if block else b""

    def end(self) -> bytes:
        """Return what is still to come before the final dot."""
        rest = self._stuffed(b"\r\n") if self._has_cr else b""
        self._has_cr = False
        return rest if self._is_line_over else rest + b"\r\n"

    def _stuffed(self, block: bytes) -> bytes:
        block = with_crlf(block)
        is_at_dot = self._is_line_over and block.startswith(b".")
        self._is_line_over = block.endswith(b"\r\n")
        block = block.replace(b"\r\n.", b"\r\n..")
        return b"." + block if is_at_dot else block


class DataReader:
    """The server's side: takes the bytes after 354 and gives back the message once CRLF ``.`` CRLF has come.

    A message longer than ``limit`` is read to its end but not kept.
    """

    def __init__(self, buffer: Buffer, *, limit: int) -> None:
        self._buffer = buffer
        self._limit = limit
        self._content = bytearray()
        self._size = 0
        self._in_line = False

    @property
    def is_too_large(self) -> bool:
        return self._size > self._limit

    def message(self) -> bytes | None:
        """Return the message with its dots as they were, or None while its end has not come."""
        buffer = self._buffer
        if not self._in_line and buffer.starts_with(END):
            buffer.take(len(END))
            return bytes(self._content)
        found = buffer.take_until(_LINE_AND_END, limit=len(buffer) + 1)
        if found is not None:
            self._keep(found[: -len(END)])
            return bytes(self._content)
        if len(buffer) > _PIECE:
            # Whole lines, or of a line that has grown long all but the last byte: it may be the CR of a CRLF.
            self._keep(buffer.take_through_last(b"\r\n") or buffer.take(len(buffer) - 1))
            return self.message() if not self._in_line and buffer.starts_with(END) else None
        return None

    def _keep(self, block: bytes) -> None:
        """Keep what ends at the end of a line, unless the line is a long one."""
        starts_with_dot = not self._in_line and block.startswith(b".")
        self._in_line = not block.endswith(b"\r\n")
        block = block.replace(b"\r\n.", b"\r\n")
        if starts_with_dot:
            block = block[1:]
        self._size += len(block)
        if self.is_too_large:
            self._content.clear()
        else:
            self._content += block


_LINE_AND_END = b"\r\n" + END
_PIECE = 65_536
