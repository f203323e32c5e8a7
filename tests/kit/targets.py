"""The real servers behind one face, and what each is known to offer, so that one promise is tested with all of them."""

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FunctionType
from urllib.parse import quote, urlencode

import pytest

from mailkit.net import Listener
from mailkit.smtp import Reply, ServerProfile
from tests.kit.daemon import DOMAIN, Daemon, certify
from tests.kit.dovecot import Dovecot
from tests.kit.relay import Relay

SERVERS = ("postfix", "exim", "opensmtpd", "dovecot", "own")
WITH_TLS = ("postfix", "exim", "dovecot", "own")

# Held true by test_every_server.py; docs/servers.md shows it.
OFFERS: dict[str, tuple[str, ...]] = {
    "STARTTLS": WITH_TLS,
    "AUTH PLAIN": WITH_TLS,
    "AUTH LOGIN": WITH_TLS,
    "AUTH CRAM-MD5": ("postfix", "exim", "dovecot"),
    "AUTH SCRAM-SHA-1": ("postfix", "exim", "dovecot"),
    "AUTH SCRAM-SHA-256": ("postfix", "exim", "dovecot"),
    "AUTH OAUTHBEARER": ("dovecot",),
    "AUTH XOAUTH2": ("dovecot",),
    "PIPELINING": ("postfix", "exim", "dovecot", "own"),
    "CHUNKING": ("postfix", "exim", "dovecot", "own"),
    "SIZE": SERVERS,
    "8BITMIME": SERVERS,
    "BINARYMIME": ("own",),
    "SMTPUTF8": ("postfix", "exim", "own"),
    "DSN": ("postfix", "exim", "opensmtpd", "own"),
    "ENHANCEDSTATUSCODES": ("postfix", "opensmtpd", "dovecot", "own"),
}

# What a server offers and cannot do.
BROKEN = {"opensmtpd": {"STARTTLS"}}

# What a server that is ours says of two recipients; the others are configured to say the same.
REFUSALS = {
    f"unknown@{DOMAIN}": Reply.of(550, "5.1.1 User unknown"),
    f"later@{DOMAIN}": Reply.of(451, "4.2.0 Mailbox busy, try again later"),
}


@dataclass(frozen=True)
class Target:
    """A server to send to. Without `is_open` it takes mail from those who log in, and from nobody else."""

    name: str
    port: int
    submission_port: int
    smtps_port: int
    ca_file: Path
    wait_for: Callable[..., list[bytes]]
    size_limit: int
    user: str = f"ada@{DOMAIN}"
    password: str = "correct horse"
    is_open: bool = True
    token: Callable[[], str] | None = None

    def url(self, **options: object) -> str:
        """The shortest way to have a message taken."""
        if not self.is_open:
            return self.submission(**options)
        return f"smtp://127.0.0.1:{self.port}?{urlencode({'tls': 'off', **options})}"

    def submission(self, *, password: str | None = None, **options: object) -> str:
        """STARTTLS and a login."""
        options = {"tls": "required", "ca": self.ca_file, **options}
        return f"smtp://{self._login(password)}@localhost:{self.submission_port}?{urlencode(options)}"

    def smtps(self, *, password: str | None = None, **options: object) -> str:
        """TLS from the start, and a login."""
        return (
            f"smtps://{self._login(password)}@localhost:{self.smtps_port}?{urlencode({'ca': self.ca_file, **options})}"
        )

    def in_clear(self) -> str:
        """What :meth:`url` is, without TLS: a gateway can hear all that is said."""
        return self.url() if self.is_open else self.submission(tls="off", unsafe_plaintext_auth="yes")

    def behind(self, port: int) -> "Target":
        """The same server, reached by another port."""
        return replace(self, port=port, submission_port=port)

    @property
    def open_port(self) -> int:
        """The port that :meth:`url` names."""
        return self.port if self.is_open else self.submission_port

    def _login(self, password: str | None) -> str:
        """Without a password there is a user only, for whom an option brings a token."""
        secret = self.password if password is None else password
        return quote(self.user, safe="") + (f":{quote(secret, safe='')}" if secret else "")


def on(*servers: str) -> Callable[[FunctionType], FunctionType]:
    """Run a test with each of these servers, as its argument `server`."""
    return pytest.mark.parametrize("server", servers, indirect=True)


def offering(capability: str) -> Callable[[FunctionType], FunctionType]:
    """Run a test with each server that offers this."""
    return on(*OFFERS[capability])


def target(name: str, server: Daemon) -> Target:
    """Return the face of one of the kit's servers."""
    ports = {name: getattr(server, name, 0) for name in ("port", "submission_port", "smtps_port")}
    return Target(name, **ports, ca_file=server.ca_file, wait_for=server.wait_for, size_limit=server.size_limit)


def submission_of(dovecot: Dovecot, behind: Relay) -> Target:
    """Dovecot's submission service; what it takes is found at the relay behind it."""
    return Target(
        "dovecot",
        port=0,
        submission_port=dovecot.port,
        smtps_port=dovecot.smtps_port,
        ca_file=dovecot.ca_file,
        wait_for=Kept(behind).wait_for,
        size_limit=dovecot.size_limit,
        is_open=False,
        token=dovecot.token,
    )


@contextmanager
def own_server(folder: Path) -> Iterator[Target]:
    """Run mailkit's own server: a port for everybody, which takes logins too, and one with TLS from the start."""
    certify(folder, "localhost", "127.0.0.1")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "server.pem")
    policy = Relay(refuse=REFUSALS, password=Target.password)
    profile = ServerProfile(auth=True, max_size=20 * 1024 * 1024)
    with ExitStack() as stack:
        plain = stack.enter_context(Listener(policy, profile=profile, tls=tls))
        secure = stack.enter_context(Listener(policy, profile=profile, tls=tls, implicit_tls=True))
        yield Target(
            "own",
            port=plain.port,
            submission_port=plain.port,
            smtps_port=secure.port,
            ca_file=folder / "ca.pem",
            wait_for=Kept(policy).wait_for,
            size_limit=profile.max_size,
        )


@dataclass(frozen=True)
class Kept:
    """What a relay has received, by recipient."""

    relay: Relay

    def wait_for(self, name: str, count: int = 1, within: float = 10.0) -> list[bytes]:
        """Return the messages for `name` as they came (CRLF line ends) once there are at least `count`, or fail."""
        address = f"{name}@{DOMAIN}"
        deadline = time.monotonic() + within
        while True:
            with self.relay.lock:
                came = [one.data for one in self.relay.received if address in one.recipients]
            if len(came) >= count:
                return came
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(came)} of {count} messages for {name} after {within} s")
            time.sleep(0.02)
