"""The asyncio pump: performs a conversation's effects on an asyncio transport."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import TypeVar

from mailkit.errors import ConnectError, MailkitError, TlsError, TransportTimeout
from mailkit.net.binding import bindings
from mailkit.net.blocking import WRITE_BLOCK, acknowledge_at_once, translate
from mailkit.net.tls import explain
from mailkit.sansio import Call, ChannelBinding, Consult, Conversation, Effect, Read, Sleep, StartTls, Write

__all__ = ["AsyncPump", "connect"]

_Result = TypeVar("_Result")
_PARTING = 2.0  # seconds for a good-bye; whoever is not gone by then is cut off
_HIGH_WATER = 1_048_576  # stop reading from a peer that sends faster than the conversation takes


class Wire(asyncio.Protocol):
    """The bytes between asyncio and the pump. A stream reader would hide bytes that came before a handshake."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.received = bytearray()
        self.is_ended = False
        self.error: Exception | None = None
        self.lost = asyncio.Event()
        self.unsent = 0
        """After a write that failed: how many of its last bytes have not left for sure."""
        self._socket: socket.socket | None = None
        self._is_held = False  # the transport's buffer is full
        self._is_cut_off = False  # lost while it was
        self._is_paused = False  # we do not read
        self._waiter: asyncio.Future[None] | None = None
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None

    # -- what asyncio tells --------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._socket = transport.get_extra_info("socket")

    def data_received(self, data: bytes) -> None:
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
        self._is_cut_off, self._is_held = self._is_held, False
        self.lost.set()
        self._wake()
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def pause_writing(self) -> None:
        self._is_held = True

    def resume_writing(self) -> None:
        self._is_held = False
        self._wake()

    # -- what the pump asks --------------------------------------------------------------------------------------

    async def read(self, within: float) -> bytes:
        """Return what has come, or ``b""`` at the end. Raises OSError."""
        while not self.received and not self.is_ended:
            await self._wait(within)
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
        transport = self.transport
        self.unsent = len(data)
        if self.is_ended or transport is None or transport.is_closing():
            raise self._loss()
        # When the buffer is full, at least so much of it is waiting. With TLS there is one more, of other bytes.
        is_plain = transport.get_extra_info("ssl_object") is None
        self.unsent = min(len(data), transport.get_write_buffer_limits()[0]) if is_plain else 0
        transport.write(data)
        while self._is_held:
            await self._wait(within)
        if self._is_cut_off:
            raise self._loss()

    async def _wait(self, within: float) -> None:
        """Wait for any news. Raises TimeoutError."""
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        self._deadline = loop.time() + within
        # One timer for many waits, which nearly all end early: to make one for each would cost more than the reading.
        if self._timer is not None and self._timer.when() > self._deadline:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = loop.call_at(self._deadline, self._ring)
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _ring(self) -> None:
        self._timer = None
        if self._waiter is None or self._waiter.done():
            return
        loop = self._waiter.get_loop()
        if loop.time() >= self._deadline:
            self._waiter.set_exception(TimeoutError())
        else:
            self._timer = loop.call_at(self._deadline, self._ring)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _loss(self) -> OSError:
        return self.error if isinstance(self.error, OSError) else ConnectionResetError("the other side has closed it")


class AsyncPump:
    """One asyncio connection; the twin of :class:`mailkit.net.blocking.BlockingPump`."""

    def __init__(
        self, wire: Wire, *, host: str, context: Callable[[], ssl.SSLContext], server_side: bool = False
    ) -> None:
        self._wire = wire
        self._host = host
        self._context = context
        self._server_side = server_side
        self.is_open = True

    async def run(self, conversation: Conversation[_Result]) -> _Result:
        """Perform the conversation to its end and return its result. If it fails or is cancelled, the wire is closed."""
        try:
            effect = next(conversation)
            while True:
                try:
                    result = await self._perform(effect)
                except MailkitError as error:
                    effect = conversation.throw(error)
                else:
                    effect = conversation.send(result)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        except BaseException:
            self.close()
            conversation.close()  # and with it the files that it reads
            raise

    async def _perform(self, effect: Effect) -> object:
        match effect:
            case Read(within):
                try:
                    return await self._wire.read(within)
                except OSError as error:  # TimeoutError is one
                    raise translate(error, self._host, within) from None
            case Write(data, within):
                await self._write(data, within)
            case StartTls(within):
                await self.start_tls(within)
            case ChannelBinding():
                return bindings(self._wire.transport and self._wire.transport.get_extra_info("ssl_object"))
            case Sleep(seconds):
                await asyncio.sleep(seconds)
            case Call(deed):
                return await asyncio.to_thread(deed)
            case Consult(question):
                answer = question()
                return await answer if isinstance(answer, Awaitable) else answer
        return None

    async def _write(self, data: bytes, within: float) -> None:
        done = 0
        try:
            while done < len(data):
                block = data[done : done + WRITE_BLOCK] if len(data) > WRITE_BLOCK else data
                await self._wire.write(block, within)
                done += len(block)
        except OSError as error:
            failure = translate(error, self._host, within)
            failure.unsent = len(data) - done - len(block) + self._wire.unsent
            raise failure from None

    @property
    def local_host(self) -> str:
        """Our own address on this connection."""
        name = self._wire.transport.get_extra_info("sockname") if self._wire.transport else None
        return str(name[0]) if isinstance(name, tuple) else ""

    @property
    def tls_version(self) -> str:
        """The TLS version in use; empty for a plain connection."""
        secure = self._wire.transport.get_extra_info("ssl_object") if self._wire.transport else None
        return (secure.version() or "") if secure else ""

    async def start_tls(self, within: float) -> None:
        """Shake hands. Raises TlsError when the other side cannot prove who it is, or has sent bytes already."""
        if self._wire.received and not self._server_side:
            raise TlsError("the server, or someone between, sent more before the handshake; the connection was dropped")
        self._wire.received.clear()
        if self._wire.transport is None:
            raise ConnectError(f"the connection to {self._host} is closed")
        try:
            async with asyncio.timeout(within):
                secure = await asyncio.get_running_loop().start_tls(
                    self._wire.transport,
                    self._wire,
                    self._context(),
                    server_side=self._server_side,
                    server_hostname=None if self._server_side else self._host,
                    ssl_handshake_timeout=within,
                )
        except TimeoutError:
            raise TransportTimeout(f"{self._host} did not finish the TLS handshake within {within:g} seconds") from None
        except ssl.SSLError as error:
            raise explain(error, self._host) from None
        except OSError as error:
            raise translate(error, self._host, within) from None
        if secure is None:
            raise ConnectError(f"the connection to {self._host} was lost during the TLS handshake")
        self._wire.transport = secure

    def close(self) -> None:
        """Close the connection at once; what waits to be sent is dropped. Closing twice is fine."""
        self.is_open = False
        if self._wire.transport:
            # Not close(): it goes on sending, and with TLS stays open until the other side says good-bye too.
            self._wire.transport.abort()

    async def aclose(self) -> None:
        """Close the connection, but let what was written go out first."""
        if self._wire.transport:
            self._wire.transport.close()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PARTING):
                    await self._wire.lost.wait()
        self.close()


async def connect(
    host: str, port: int, *, within: float, context: Callable[[], ssl.SSLContext], implicit: bool, path: str = ""
) -> AsyncPump:
    """Connect as :func:`mailkit.net.blocking.connect` does."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(within):
            if path:
                _, wire = await loop.create_unix_connection(Wire, path)
            else:
                _, wire = await loop.create_connection(Wire, host, port)
    except OSError as error:
        raise translate(_first(error), path or f"{host}:{port}", within) from None
    pump = AsyncPump(wire, host=host, context=context)
    if implicit:
        try:
            await pump.start_tls(within)
        except BaseException:
            pump.close()
            raise
    return pump


def _first(error: OSError) -> OSError:
    """With several addresses asyncio joins the errors of all into one without a class; any of them explains it."""
    if type(error) is OSError and "Connect call failed" in str(error):
        return ConnectionRefusedError(*error.args)
    return error
