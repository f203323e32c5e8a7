"""The bytes between asyncio and a pump."""

import asyncio
import socket
from collections.abc import Callable

from mailkit.net.blocking import acknowledge_at_once

__all__ = ["Wire"]

_ROOM = 65_536
_HIGH_WATER = 1_048_576  # stop reading from a peer that sends faster than the conversation takes


class Wire(asyncio.BufferedProtocol):
    """What has come in and was not taken, and what waits to go out.

    A stream reader would hide bytes that came before a handshake. asyncio reads into a buffer of ours: its own way, a new one of
    256 KiB for each line that comes, takes ten times as long.
    """

    def __init__(self, *, is_hasty: bool = True) -> None:
        self.transport: asyncio.Transport | None = None
        self.received = bytearray()
        self.is_ended = False
        self.error: Exception | None = None
        self.lost = asyncio.Event()
        self.is_held = False
        """Whether the transport has more than enough to send."""
        self.unsent = 0
        """After a write that failed: how many of its last bytes have not left for sure."""
        self._room = memoryview(bytearray(_ROOM))
        self._is_hasty = is_hasty  # whether acknowledgements must not be late, as a server's wait for ours
        self._socket: socket.socket | None = None
        self._is_cut_off = False  # lost while it was held
        self._is_paused = False  # we do not read
        self._waiter: asyncio.Future[None] | None = None
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None

    # -- what asyncio tells --------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._socket = transport.get_extra_info("socket") if self._is_hasty else None

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._room

    def buffer_updated(self, nbytes: int) -> None:
        self._hear(bytes(self._room[:nbytes]))

    def _hear(self, data: bytes) -> None:
        self.received += data
        if self._socket is not None:
            acknowledge_at_once(self._socket)
        if len(self.received) > _HIGH_WATER and self.transport:
            self._is_paused = True
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        self.is_ended = True
        self._wake()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self.is_ended, self.error = True, error
        self._is_cut_off, self.is_held = self.is_held, False
        self.lost.set()
        self._wake()
        self._forget_timer()

    def pause_writing(self) -> None:
        self.is_held = True

    def resume_writing(self) -> None:
        self.is_held = False
        self._wake()

    # -- what the pump asks --------------------------------------------------------------------------------------

    async def read(self, within: float) -> bytes:
        """Return what has come, or ``b""`` at the end. Raises OSError."""
        while not self.received and not self.is_ended:
            await self._wait(within)
        return self.take()

    async def watch(self, within: float, is_news: Callable[[], bool]) -> bytes | None:
        """Read, or return None as soon as there is news, of which :meth:`nudge` tells. Raises OSError."""
        while not self.received and not self.is_ended:
            if is_news():
                return None
            await self._wait(within)
        return self.take()

    def nudge(self) -> None:
        """Have :meth:`watch` look whether there is news."""
        self._wake()

    def take(self) -> bytes:
        """Return what has come until now, or ``b""`` at the end. Raises OSError."""
        if not self.received and isinstance(self.error, OSError):
            raise self.error
        data = bytes(self.received)
        self.received.clear()
        if self._is_paused and self.transport and not self.is_ended:
            self._is_paused = False
            self.transport.resume_reading()
        return data

    async def write(self, data: bytes | memoryview, within: float) -> None:
        """Hand over what is to be sent, and wait until there is room for more. Raises OSError."""
        self.put(data)
        await self.drain(within)

    def put(self, data: bytes | memoryview) -> None:
        """Hand over what is to be sent. When that is more than enough the wire is held. Raises OSError."""
        transport = self.transport
        self.unsent = len(data)
        if self.is_ended or transport is None or transport.is_closing():
            raise self._loss()
        transport.write(data)
        if self.is_held:
            # At least so much of it is waiting. With TLS there is one buffer more, of other bytes.
            is_plain = transport.get_extra_info("ssl_object") is None
            self.unsent = min(len(data), transport.get_write_buffer_limits()[0]) if is_plain else 0

    async def drain(self, within: float) -> None:
        """Wait until there is room for more. Raises OSError."""
        while self.is_held:
            await self._wait(within)
        if self._is_cut_off:
            raise self._loss()

    async def _wait(self, within: float) -> None:
        """Wait for any news. Raises TimeoutError."""
        self._waiter = asyncio.get_running_loop().create_future()
        self._set_timer(within)
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _set_timer(self, within: float) -> None:
        """Ring in so many seconds, unless this is said again before.

        One timer for many waits, which nearly all end early: to make one for each would cost more than the reading.
        """
        loop = asyncio.get_running_loop()
        self._deadline = loop.time() + within
        if self._timer is not None and self._timer.when() > self._deadline:
            self._forget_timer()
        if self._timer is None:
            self._timer = loop.call_at(self._deadline, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if not self._is_waited_for():
            return
        loop = asyncio.get_running_loop()
        if loop.time() >= self._deadline:
            self._expire()
        else:
            self._timer = loop.call_at(self._deadline, self._ring)

    def _forget_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _is_waited_for(self) -> bool:
        return self._waiter is not None and not self._waiter.done()

    def _expire(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(TimeoutError())

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _loss(self) -> OSError:
        return self.error if isinstance(self.error, OSError) else ConnectionResetError("the other side has closed it")
