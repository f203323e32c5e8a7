"""The blocking pump: performs a conversation's effects on a socket."""

import contextlib
import selectors
import socket
import ssl
import sys
import time
from collections.abc import Callable
from typing import TypeVar

from mailkit.errors import ConnectError, MailkitError, TransportTimeout
from mailkit.net.binding import bindings
from mailkit.net.tls import broken, explain
from mailkit.sansio import Call, ChannelBinding, Consult, Conversation, Effect, Read, Sleep, StartTls, Watch, Write

__all__ = ["BlockingPump", "connect"]

_Result = TypeVar("_Result")
_CHUNK = 65_536
# The time allowed is for each block, so that a large file may take long (RFC 5321 4.5.3.2.5), and a peer that takes
# nothing is noticed.
WRITE_BLOCK = 262_144


# Linux alone has it. Elsewhere the constant is missing, or means something else.
_QUICKACK = getattr(socket, "TCP_QUICKACK", None) if sys.platform == "linux" else None


def acknowledge_at_once(wire: socket.socket) -> None:
    """Do not delay the next acknowledgement: a server that sends small replies may wait for it (Nagle) for 40 ms each.

    It has to be said again and again, because the kernel forgets it.
    """
    if _QUICKACK is not None and wire.family != socket.AF_UNIX:
        wire.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)


class BlockingPump:
    """One socket. ``secure`` wraps it when the conversation asks for TLS; for a client that checks the certificate."""

    def __init__(self, wire: socket.socket, *, host: str, secure: Callable[[socket.socket], ssl.SSLSocket]) -> None:
        self._wire = wire
        self._host = host
        self._secure = secure
        self._within: float | None = None  # what the socket has been told
        self.is_open = True

    def run(self, conversation: Conversation[_Result]) -> _Result:
        """Perform the conversation to its end and return its result. If it fails, the socket is closed."""
        try:
            effect = next(conversation)
            while True:
                try:
                    result = self._perform(effect)
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

    def _perform(self, effect: Effect) -> object:
        match effect:
            case Read(within):
                try:
                    self._allow(within)
                    acknowledge_at_once(self._wire)
                    return self._wire.recv(_CHUNK)
                except OSError as error:
                    raise translate(error, self._host, within) from None
            case Watch():
                return self._watch(effect)
            case Write(data, within):
                self._write(data, within)
            case StartTls(within):
                self.start_tls(within)
            case ChannelBinding():
                return bindings(self._wire)
            case Sleep(seconds):
                time.sleep(seconds)
            case Call(deed) | Consult(deed):
                return deed()
        return None

    def _watch(self, effect: Watch) -> object:
        heard, told = socket.socketpair()
        told.setblocking(False)

        def tell() -> None:
            with contextlib.suppress(OSError):  # full: it has been told already
                told.send(b".")

        end = effect.subscribe(tell)
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self._wire, selectors.EVENT_READ)
                selector.register(heard, selectors.EVENT_READ)
                while not (isinstance(self._wire, ssl.SSLSocket) and self._wire.pending()):
                    if effect.is_news():
                        return None
                    ready: set[object] = {key.fileobj for key, _ in selector.select(effect.within)}
                    if not ready:
                        raise translate(TimeoutError(), self._host, effect.within)
                    if self._wire in ready:
                        break
                    heard.recv(_CHUNK)
        finally:
            end()
            heard.close()
            told.close()
        return self._perform(Read(effect.within))

    def _allow(self, within: float) -> None:
        if within != self._within:  # to say it again would be a system call
            self._wire.settimeout(within)
            self._within = within

    def _write(self, data: bytes, within: float) -> None:
        gone, block = 0, data
        try:
            self._allow(within)
            if len(data) > WRITE_BLOCK:
                block = data[:WRITE_BLOCK]
            gone = self._wire.send(block)
            while gone < len(data):
                block = data[gone : gone + WRITE_BLOCK]
                gone += self._wire.send(block)
        except OSError as error:
            failure = translate(error, self._host, within)
            # TLS writes in records: of those in a block that failed, all but the last may have left.
            failure.unsent = len(data) - gone - (len(block) - 1 if isinstance(self._wire, ssl.SSLSocket) else 0)
            raise failure from None

    @property
    def local_host(self) -> str:
        """Our own address on this connection."""
        return str(self._wire.getsockname()[0]) if self._wire.family != socket.AF_UNIX else ""

    @property
    def tls_version(self) -> str:
        """The TLS version in use; empty for a plain connection."""
        return self._wire.version() or "" if isinstance(self._wire, ssl.SSLSocket) else ""

    def start_tls(self, within: float) -> None:
        """Shake hands. Raises TlsError when the other side cannot prove who it is."""
        with _translated(self._host, within):
            self._allow(within)
            try:
                self._wire = self._secure(self._wire)
            except ssl.SSLError as error:
                raise explain(error, self._host) from None

    def close(self) -> None:
        """Close the socket. Closing twice is fine."""
        self.is_open = False
        self._wire.close()


class _translated:  # noqa: N801 - reads as a phrase after "with"
    """Turns the operating system's errors into mailkit's, once for all effects."""

    __slots__ = ("_host", "_within")

    def __init__(self, host: str, within: float) -> None:
        self._host = host
        self._within = within

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, MailkitError) or not isinstance(error, OSError):
            return
        raise translate(error, self._host, self._within) from None


def translate(error: OSError, host: str, within: float) -> ConnectError | TransportTimeout:
    """Return what the operating system's error means for a delivery."""
    if isinstance(error, TimeoutError):
        return TransportTimeout(f"{host} did not answer within {within:g} seconds")
    if isinstance(error, socket.gaierror):
        return ConnectError(f"the host name {host!r} cannot be resolved", hint="Check the spelling and the network.")
    if isinstance(error, ConnectionRefusedError):
        return ConnectError(f"{host} refused the connection", hint="Is a mail server listening on that port?")
    if isinstance(error, ssl.SSLError):
        return broken(error, host)
    return ConnectError(f"the connection to {host} failed: {error.strerror or error}")


def connect(
    host: str, port: int, *, within: float, context: Callable[[], ssl.SSLContext], implicit: bool, path: str = ""
) -> BlockingPump:
    """Connect, trying every address of ``host``, and shake hands at once when TLS is ``implicit``.

    ``path`` is that of a Unix socket, which is taken in the place of host and port.
    """
    with _translated(path or f"{host}:{port}", within):
        if path:
            wire = socket.socket(socket.AF_UNIX)
            try:
                wire.settimeout(within)
                wire.connect(path)
            except BaseException:
                wire.close()
                raise
        else:
            wire = socket.create_connection((host, port), timeout=within)
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # a command must not wait for the last one's ACK
    pump = BlockingPump(wire, host=host, secure=lambda plain: context().wrap_socket(plain, server_hostname=host))
    if implicit:
        try:
            pump.start_tls(within)
        except BaseException:
            pump.close()
            raise
    return pump
