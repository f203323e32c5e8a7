"""Peers on the loopback: an authority and its certificates, servers that keep what comes, and one that plays a script."""

import datetime as dt
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mailkit.smtp import Policy, Received, Reply
from mailkit.testing.peer import Closes, Hears, Says, Secures

PATIENCE = 10.0  # no test waits so long unless it is going to fail


# -- certificates ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Authority:
    """A certificate authority that only a test's own clients trust."""

    folder: Path
    ca: trustme.CA = field(default_factory=trustme.CA)

    @property
    def ca_file(self) -> Path:
        """The PEM file that a client must be told to trust."""
        path = self.folder / "ca.pem"
        if not path.exists():
            self.ca.cert_pem.write_to_path(path)
        return path

    def context(self, *names: str, expired: bool = False) -> ssl.SSLContext:
        """A server's context with a certificate for ``names``."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        yesterday = dt.datetime.now(dt.UTC) - dt.timedelta(days=1) if expired else None
        self.ca.issue_cert(*(names or ("localhost", "127.0.0.1")), not_after=yesterday).configure_cert(context)
        return context

    def self_signed_context(self) -> ssl.SSLContext:
        """A server's context with a certificate that nobody but itself vouches for."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
        today = dt.datetime.now(dt.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(today - dt.timedelta(days=1))
            .not_valid_after(today + dt.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .sign(key, hashes.SHA256())
        )
        pem = self.folder / "self-signed.pem"
        pem.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        return context


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The one authority of the run; import it into a conftest to use it."""
    return Authority(tmp_path_factory.mktemp("authority"))


# -- servers that keep what comes --------------------------------------------------------------------------------------


@dataclass
class Postbox(Policy):
    """Keeps every message. ``replies`` are given, in order, instead of 250 to a message, and then no more;
    ``recipients`` likewise to RCPT, by address."""

    passwords: dict[str, str] = field(default_factory=dict)
    replies: list[Reply | None] = field(default_factory=list)
    senders: list[Reply | None] = field(default_factory=list)
    recipients: dict[str, list[Reply | None]] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)

    def authenticate(self, user: str, password: str) -> bool:
        return self.passwords.get(user) == password

    def sender(self, address: str) -> Reply | None:
        return self.senders.pop(0) if self.senders else None

    def recipient(self, address: str) -> Reply | None:
        waiting = self.recipients.get(address)
        return waiting.pop(0) if waiting else None

    def message(self, received: Received) -> Reply | None:
        reply = self.replies.pop(0) if self.replies else None
        if reply is None or reply.is_success:
            self.received.append(received)
        return reply

    def taken_for(self, address: str) -> int:
        """How many messages were accepted for ``address``."""
        return sum(received.recipients.count(address) for received in self.received)


# -- a server that plays a script --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Resets:
    """The server breaks the connection with a TCP reset."""


@dataclass(frozen=True)
class HearsLines:
    """The server reads ``count`` lines, whatever is in them."""

    count: int = 1


@dataclass(frozen=True)
class HearsMessage:
    """The server reads up to the end of data."""


@dataclass(frozen=True)
class Hangs:
    """The server says no more, and keeps the connection open until the client leaves or the test ends."""


RawStep = Says | Hears | HearsLines | HearsMessage | Secures | Closes | Resets | Hangs
Script = Iterable[RawStep]


class ScriptedServer:
    """Listens on a free port and plays one script to each connection, in order; further ones find nobody.

    What a client says instead of what the script wants to hear is raised when the ``with`` block ends.
    """

    host = "127.0.0.1"

    def __init__(self, *scripts: Script, tls: ssl.SSLContext | None = None) -> None:
        self.connections = 0
        self._scripts = [list(script) for script in scripts]
        self._tls = tls
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._fault: BaseException | None = None

    def __enter__(self) -> Self:
        self._listening = socket.create_server((self.host, 0))
        self._listening.settimeout(PATIENCE)
        self.port = self._listening.getsockname()[1]
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        with suppress(OSError):  # wakes accept()
            socket.create_connection((self.host, self.port), timeout=1).close()
        self._thread.join(PATIENCE)
        self._listening.close()
        if error is None and self._fault is not None:
            raise self._fault

    def _serve(self) -> None:
        try:
            for script in self._scripts:
                wire, _ = self._listening.accept()
                if self._is_over.is_set():
                    wire.close()
                    return
                self.connections += 1
                _Player(wire, self._tls, self._is_over).play(script)
            self._listening.close()
        except (AssertionError, OSError) as fault:
            self._fault = fault


class _Player:
    def __init__(self, wire: socket.socket, tls: ssl.SSLContext | None, is_over: threading.Event) -> None:
        self._wire = wire
        self._tls = tls
        self._is_over = is_over
        self._wire.settimeout(PATIENCE)
        self._heard = b""

    def play(self, script: Script) -> None:
        try:
            for step in script:
                self._do(step)
        finally:
            self._wire.close()

    def _do(self, step: RawStep) -> None:
        match step:
            case Says(data):
                self._wire.sendall(data)
            case Hears(data):
                heard = self._take(lambda found: len(data) if len(found) >= len(data) else 0)
                assert heard == data, f"the client said {heard!r} instead of {data!r}"
            case HearsLines(count):
                for _ in range(count):
                    self._take(lambda found: found.find(b"\n") + 1)
            case HearsMessage():
                self._take(lambda found: found.find(b"\r\n.\r\n") + 5 if b"\r\n.\r\n" in found else 0)
            case Secures():
                assert self._tls is not None
                with suppress(ssl.SSLError, OSError):  # a client that does not trust us leaves; that is its right
                    self._wire = self._tls.wrap_socket(self._wire, server_side=True)
            case Resets():
                self._wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self._wire.close()
            case Closes():
                self._wire.close()
            case Hangs():
                self._hang()

    def _take(self, end: Callable[[bytes], int]) -> bytes:
        while not (count := end(self._heard)):
            data = self._wire.recv(65_536)
            assert data, f"the client hung up after {self._heard!r}"
            self._heard += data
        taken, self._heard = self._heard[:count], self._heard[count:]
        return taken

    def _hang(self) -> None:
        self._wire.settimeout(0.05)
        while not self._is_over.is_set():
            try:
                if not self._wire.recv(65_536):
                    return
            except TimeoutError:
                continue
            except OSError:  # the client broke the connection, which is one way to leave
                return


def free_port() -> int:
    """A port that nobody listens on. Only for servers that cannot take 0, and for finding nobody."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port
