"""Everything about a mail server: where it is, how the connection becomes secure, who logs in, how long to wait."""

import re
from dataclasses import dataclass, replace
from ipaddress import ip_address

from mailkit.errors import ConfigError, MailboxError
from mailkit.mailbox.argument import text
from mailkit.mime.control import CONTROL
from mailkit.net.tls import TlsProfile
from mailkit.secret import Secret
from mailkit.smtp import Credentials, StartTlsPolicy
from mailkit.transport import certificate, login
from mailkit.transport.url import Url

__all__ = ["LARGEST", "Server", "credentials_of", "server"]

LARGEST = 256 * 1024 * 1024
"""The most that one message may have: large providers stop at 50 to 150 MB."""

_OPTIONS = (*certificate.OPTIONS, *login.OPTIONS, *("tls", "timeout", "unsafe_plaintext_auth", "max_size"))
_PORTS = {"imap": 143, "imaps": 993, "pop3": 110, "pop3s": 995}
_TRUST = TlsProfile()
_RELAY = re.compile(r"\bsmtps?://")


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail lies, and how to get at it. ``timeout`` bounds each wait, for a line or for 64 KiB of a message."""

    scheme: str
    host: str
    port: int
    credentials: Credentials | None = None
    """Who logs in; None leaves that to the verb ``login``."""
    folder: str = ""
    tls: StartTlsPolicy = StartTlsPolicy.REQUIRED
    """When a plain connection becomes secure; that of ``imaps`` and ``pop3s`` is from the start."""
    trust: TlsProfile = _TRUST
    unsafe_plaintext_auth: bool = False
    timeout: float = 60.0
    max_size: int = LARGEST

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        user = f"{self.credentials.user}@" if self.credentials else ""
        return f"{self.scheme}://{user}{host}:{self.port}"

    @property
    def is_imap(self) -> bool:
        return self.scheme in ("imap", "imaps")

    @property
    def is_implicit(self) -> bool:
        """Whether TLS begins before anything is said."""
        return self.scheme in ("imaps", "pop3s")


def server(url: str | Url, *, credentials: Credentials | None = None, needs_user: bool = True) -> Server:
    """Return what an ``imap:``, ``imaps:``, ``pop3:`` or ``pop3s:`` URL says. Raises ConfigError.

    ``credentials`` take the place of those in the URL; without ``needs_user`` there may be none.
    """
    found = Url.parse(url) if isinstance(url, str) else url
    if found.scheme not in _PORTS:
        raise ConfigError(
            f"{found.scheme}: is not the URL of a mailbox",
            hint="Write imaps://user:password@mail.example.com/INBOX, or imap://, pop3s://, pop3://.",
        )
    if not found.host:
        raise ConfigError("the URL of a mailbox needs a host", hint=f"Write {found.scheme}://user:password@host.")
    try:
        return _server(found, credentials, needs_user=needs_user)
    except ConfigError as error:
        # Options are read by the same code as those of a relay, which speaks of relays.
        hint = _RELAY.sub(f"{found.scheme}://", error.hint)
        raise ConfigError(error.problem.replace(" transport ", " mailbox "), hint=hint) from None


def _server(url: Url, given: Credentials | None, *, needs_user: bool) -> Server:
    is_implicit, is_imap = url.scheme.endswith("s"), url.scheme.startswith("imap")
    options = url.take([name for name in _OPTIONS if not (is_implicit and name == "tls")])
    is_apop = not is_imap and options.get("auth", "").upper() == "APOP"  # a command of POP3's own, and no mechanism
    if is_apop:
        options = {name: value for name, value in options.items() if name != "auth"}
    credentials = given or login.credentials(url.credentials, options)
    if is_apop and credentials is not None:
        credentials = replace(credentials, mechanism="APOP")
    if credentials is None and needs_user:
        raise ConfigError("the URL of a mailbox needs a user", hint=f"Write {url.scheme}://user:password@{url.host}.")
    return Server(
        scheme=url.scheme,
        host=url.host,
        port=url.port or _PORTS[url.scheme],
        credentials=credentials,
        folder=url.path.removeprefix("/"),
        tls=StartTlsPolicy.OFF if is_implicit else _policy(options.get("tls"), url),
        trust=certificate.tls_profile(options, unsafe_no_verify=not url.yes("verify", otherwise=True)),
        unsafe_plaintext_auth=url.yes("unsafe_plaintext_auth"),
        timeout=url.positive("timeout", otherwise=60.0),
        max_size=int(url.positive("max_size", otherwise=LARGEST)),
    )


def _policy(asked: str | None, url: Url) -> StartTlsPolicy:
    """To any other machine TLS is required; to this one it is used if it is there."""
    if asked is None:
        return StartTlsPolicy.OPPORTUNISTIC if _is_loopback(url.host) else StartTlsPolicy.REQUIRED
    if asked == "implicit":
        raise ConfigError(
            "tls=implicit is written as the scheme", hint=f"Write {url.scheme}s:// instead of {url.scheme}://."
        )
    try:
        return StartTlsPolicy(asked)
    except ValueError:
        raise ConfigError(f"tls={asked} is not known", hint="Choose required, opportunistic or off.") from None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost" or host.lower().endswith(".localhost")


def credentials_of(server: Server, user: str, password: str | Secret, mechanism: str) -> Credentials:
    """Return who logs in by the verb ``login``. Raises MailboxError when somebody has, and for control characters."""
    if server.credentials is not None:
        raise MailboxError(f"{server.credentials.user!r} has logged in already", hint="Leave the user out of the URL.")
    text(user, field="user")
    secret = password if isinstance(password, Secret) else Secret(password)
    if CONTROL.search(secret.reveal()):
        raise MailboxError("password: it has a control character", hint="Nothing was sent.")
    return Credentials(user, secret, mechanism=mechanism)
