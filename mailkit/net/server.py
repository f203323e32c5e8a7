"""A listening server: the deed around a conversation, with a loop in a thread of its own."""

import asyncio
import ssl
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from mailkit.errors import ConfigError
from mailkit.net.aio import AsyncPump
from mailkit.net.glide import Glide
from mailkit.sansio import Conversation, StartTls

__all__ = ["Server"]

_HANDSHAKE = 60.0  # seconds


class Server:
    """Has a conversation with each client while the ``with`` block runs.

    ``converse`` begins one: it is given the client's address, and whether the wire is secure already. ``port`` 0 takes a free
    one, which :attr:`port` then tells. It listens on the loopback unless told otherwise. With ``implicit_tls`` clients speak TLS
    from the start. Those beyond ``max_connections`` are told the ``refusal``.

    Raises ConfigError when the port cannot be had.
    """

    def __init__(
        self,
        converse: Callable[[str, bool], Conversation[None]],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
        max_connections: int = 200,
        refusal: bytes = b"",
    ) -> None:
        self.host = host
        self.port = port
        self._converse = converse
        self._tls = tls
        self._implicit_tls = implicit_tls
        self._slots = max_connections
        self._refusal = refusal
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mailkit-server", daemon=True)
        self._server: asyncio.Server | None = None
        self._sessions: set[Glide] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()
        except BaseException:
            self._end_loop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._end_loop()

    async def _open(self) -> None:
        try:
            self._server = await self._loop.create_server(lambda: _Accepted(self), self.host, self.port)
        except OSError as error:
            raise ConfigError(
                f"cannot listen on {self.host}:{self.port}: {error.strerror or error}",
                hint="Choose another port, or 0 for a free one.",
            ) from None
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server:
            self._server.close()
        self._slots = 0  # who has come but was not heard yet is turned away
        tasks = [session.task for session in self._sessions if session.task]
        for session in tuple(self._sessions):
            session.cut()
        await asyncio.gather(*tasks, return_exceptions=True)
        # Here, not once the loop has stopped: the thread that leaves the block may have a running loop of its own.
        await self._loop.shutdown_default_executor()

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def accept(self, session: Glide, transport: asyncio.Transport) -> None:
        """Start a session on a new connection, or close it when there are too many."""
        if len(self._sessions) >= self._slots:
            transport.write(self._refusal)
            transport.close()
            return
        self._sessions.add(session)
        peer = transport.get_extra_info("peername")
        name = peer[0] if peer else ""
        pump = AsyncPump(session, host=name, context=self._context, server_side=True)
        session.start(self._conversation(name), pump)

    def _conversation(self, peer: str) -> Conversation[None]:
        if self._implicit_tls:
            yield StartTls(within=_HANDSHAKE)
        yield from self._converse(peer, self._implicit_tls)

    def forget(self, session: Glide) -> None:
        """Give the place of a session that has ended to others."""
        self._sessions.discard(session)

    def _context(self) -> ssl.SSLContext:
        assert self._tls is not None, "STARTTLS is only offered with a certificate"
        return self._tls


class _Accepted(Glide):
    def __init__(self, server: Server) -> None:
        super().__init__(ended=server.forget)
        self._server: Server | None = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert isinstance(transport, asyncio.Transport)
        # asyncio may call this again after a handshake; the session is the same.
        if self._server:
            server, self._server = self._server, None
            server.accept(self, transport)
