"""The asyncio pump: performs a conversation's effects on an asyncio transport."""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from typing import TypeVar

from mailkit.errors import ConnectError, MailkitError, TlsError, TransportTimeout
from mailkit.net.binding import bindings
from mailkit.net.blocking import WRITE_BLOCK, translate
from mailkit.net.tls import explain
from mailkit.net.wire import Wire
from mailkit.sansio import Call, ChannelBinding, Consult, Conversation, Effect, Read, Sleep, StartTls, Watch, Write

__all__ = ["AsyncPump", "connect", "from_threads"]

_Result = TypeVar("_Result")
PARTING = 2.0
"""Seconds for a good-bye; whoever is not gone by then is cut off."""


class AsyncPump:
    """One asyncio connection; the twin of :class:`mailkit.net.blocking.BlockingPump`."""

    def __init__(
        self, wire: Wire, *, host: str, context: Callable[[], ssl.SSLContext], server_side: bool = False
    ) -> None:
        self._wire = wire
        self.host = host
        self._context = context
        self._server_side = server_side
        self.is_open = True

    async def run(self, conversation: Conversation[_Result]) -> _Result:
        """Perform the conversation to its end and return its result. If it fails or is cancelled, the wire is closed."""
        try:
            effect = next(conversation)
            while True:
                try:
                    result = await self.perform(effect)
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

    async def perform(self, effect: Effect) -> object:
        """Perform one effect, and return its result. Raises MailkitError when it fails."""
        match effect:
            case Read(within):
                try:
                    return await self._wire.read(within)
                except OSError as error:  # TimeoutError is one
                    raise translate(error, self.host, within) from None
            case Watch():
                return await self._watch(effect)
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

    async def _watch(self, effect: Watch) -> bytes | None:
        end = effect.subscribe(from_threads(self._wire.nudge))
        try:
            return await self._wire.watch(effect.within, effect.is_news)
        except OSError as error:
            raise translate(error, self.host, effect.within) from None
        finally:
            end()

    async def _write(self, data: bytes, within: float) -> None:
        done = 0
        try:
            while done < len(data):
                block = data[done : done + WRITE_BLOCK] if len(data) > WRITE_BLOCK else data
                await self._wire.write(block, within)
                done += len(block)
        except OSError as error:
            failure = translate(error, self.host, within)
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
        if self._wire.transport is None or self._wire.transport.is_closing():
            raise ConnectError(f"the connection to {self.host} is closed")
        try:
            async with asyncio.timeout(within):
                secure = await asyncio.get_running_loop().start_tls(
                    self._wire.transport,
                    self._wire,
                    self._context(),
                    server_side=self._server_side,
                    server_hostname=None if self._server_side else self.host,
                    ssl_handshake_timeout=within,
                )
        except TimeoutError:
            raise TransportTimeout(f"{self.host} did not finish the TLS handshake within {within:g} seconds") from None
        except ssl.SSLError as error:
            raise explain(error, self.host) from None
        except OSError as error:
            raise translate(error, self.host, within) from None
        if secure is None:
            raise ConnectError(f"the connection to {self.host} was lost during the TLS handshake")
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
                async with asyncio.timeout(PARTING):
                    await self._wire.lost.wait()
        self.close()


def from_threads(deed: Callable[[], object]) -> Callable[[], None]:
    """Return what has the running loop do ``deed``, and may be called in any thread, after the loop's end too."""
    loop = asyncio.get_running_loop()

    def call() -> None:
        with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
            loop.call_soon_threadsafe(deed)

    return call


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
