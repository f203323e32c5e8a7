"""Bytes that have come in but have not been used yet."""

from mailkit.errors import RemoteProtocolError

__all__ = ["Buffer"]


class Buffer:
    """Collects bytes and gives them out by the line or by the count.

    It remembers how far it has looked, so that a line fed byte by byte costs no more than one fed whole.
    """

    __slots__ = ("_bytes", "_looked", "_mark")

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._looked = 0
        self._mark = b""

    def __len__(self) -> int:
        return len(self._bytes)

    def feed(self, data: bytes) -> None:
        self._bytes += data

    def take_until(self, mark: bytes, *, limit: int) -> bytes | None:
        """Take everything up to and including ``mark``, or None while it has not come.

        Raises RemoteProtocolError when more than ``limit`` bytes came without it: a peer must not fill our memory.
        """
        if mark != self._mark:
            self._mark, self._looked = mark, 0
        found = self._bytes.find(mark, max(0, self._looked - len(mark) + 1))
        if found < 0:
            self._looked = len(self._bytes)
            if self._looked > limit:
                raise RemoteProtocolError(f"the peer sent more than {limit} bytes without ending the line")
            return None
        if found + len(mark) > limit:
            raise RemoteProtocolError(f"the peer sent a line of more than {limit} bytes")
        return self.take(found + len(mark))

    def starts_with(self, mark: bytes) -> bool:
        return self._bytes.startswith(mark)

    def take_through_last(self, mark: bytes) -> bytes:
        """Take everything up to and including the last ``mark``; nothing when there is none."""
        found = self._bytes.rfind(mark)
        return self.take(found + len(mark)) if found >= 0 else b""

    def take(self, count: int) -> bytes:
        """Take at most ``count`` bytes."""
        taken = bytes(self._bytes[:count])
        del self._bytes[:count]
        self._looked = 0
        return taken
