"""A transport without a network, and an event loop whose clock is set by hand: for what only asyncio's own side can show."""

import asyncio
import ssl

from mailkit.net import AsyncPump
from mailkit.net.glide import Glide
from mailkit.sansio import Conversation

__all__ = ["HandClock", "Session", "Wired", "settle"]


class HandClock(asyncio.SelectorEventLoop):
    """Its time stands still but for :meth:`jump`. It counts the timers that it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.timers = 0
        self._now = 1_000.0

    def time(self) -> float:
        return self._now

    def call_at(self, when, callback, *args, context=None):  # type: ignore[no-untyped-def]
        self.timers += 1
        return super().call_at(when, callback, *args, context=context)

    async def jump(self, seconds: float) -> None:
        """Let so many seconds pass, and do what is due then."""
        self._now += seconds
        await settle()


async def settle() -> None:
    """Have the loop do what waits to be done now, and what comes of it."""
    for _ in range(5):
        await asyncio.sleep(0)


class Wired(asyncio.Transport):
    """Keeps what is written. With ``room`` it has had more than enough once so many bytes have been."""

    def __init__(self, session: Glide, *, room: int = 1_000_000) -> None:
        super().__init__()
        self.written = b""
        self.is_paused = False
        self.is_aborted = False
        self._session = session
        self._room = room
        self._is_closing = False

    def write(self, data: object) -> None:
        assert not self._is_closing
        self.written += bytes(data)  # type: ignore[call-overload]
        if len(self.written) > self._room:
            self._session.pause_writing()

    def make_room(self) -> None:
        """The other side has taken all."""
        self._room += len(self.written)
        self._session.resume_writing()

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return 16, 64

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        self._is_closing = True

    def abort(self) -> None:
        self._is_closing = self.is_aborted = True


class Session(Glide):
    """A session over a transport without a network, and how often it has ended."""

    def __init__(self, conversation: Conversation[None], *, room: int = 1_000_000) -> None:
        self.ends = 0
        super().__init__(ended=self._count)
        self.wired = Wired(self, room=room)
        self.connection_made(self.wired)
        pump = AsyncPump(self, host="client.example", context=_no_tls, server_side=True)
        self.start(conversation, pump)

    def _count(self, session: Glide) -> None:
        assert session is self
        self.ends += 1

    def says(self, data: bytes) -> None:
        """The other side sends something."""
        for start in range(0, len(data), 65_536):
            piece = data[start : start + 65_536]
            self.get_buffer(-1)[: len(piece)] = piece
            self.buffer_updated(len(piece))


def _no_tls() -> ssl.SSLContext:
    raise AssertionError("nobody asked for TLS")
