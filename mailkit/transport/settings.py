"""Everything about a relay: where it is, how the connection becomes secure, who logs in, how long to wait."""

import re
import socket
from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_address

from mailkit.errors import ConfigError
from mailkit.mime.bodytype import BodyType
from mailkit.net.tls import TlsProfile
from mailkit.smtp import Credentials, Profile, StartTlsPolicy, Timeouts
from mailkit.transport import certificate, login
from mailkit.transport.url import Url

__all__ = ["SmtpSettings", "Tls", "is_loopback", "smtp_settings"]

_OPTIONS = (
    *certificate.OPTIONS,
    *login.OPTIONS,
    *("tls", "hello", "timeout", "body", "unsafe_plaintext_auth"),
    *("max_messages", "max_connections", "window"),
)


class Tls(Enum):
    """How the connection becomes secure."""

    IMPLICIT = "implicit"
    REQUIRED = "required"
    OPPORTUNISTIC = "opportunistic"
    OFF = "off"


_TRUST = TlsProfile()


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """Everything about a relay. ``timeout`` bounds each wait but the one for the final reply, which is 600 s by RFC 5321."""

    host: str
    port: int = 587
    tls: Tls = Tls.REQUIRED
    credentials: Credentials | None = None
    trust: TlsProfile = _TRUST
    unsafe_plaintext_auth: bool = False
    hello: str = ""
    timeout: float = 60.0
    body: BodyType = BodyType.BINARY
    """The most that is made of what the server offers: with 8BITMIME text goes unencoded, with BINARYMIME files too."""
    max_messages: int = 100
    """Messages on one connection before a new one is opened; relays cut long sessions off."""
    max_connections: int = 20
    """Connections at once; who needs one more waits. Relays turn those away who open too many."""
    window: int = 16
    """Transactions under way at once when many messages are sent and the server offers CHUNKING: so many are in doubt when
    the connection is lost. 0 sends one message at a time."""
    is_lmtp: bool = False
    """Whether the relay speaks LMTP (RFC 2033)."""
    socket: str = ""
    """The path of a Unix socket, in the place of host and port."""

    def __str__(self) -> str:
        if self.socket:
            return f"lmtp:{self.socket}"
        scheme = "lmtp" if self.is_lmtp else "smtps" if self.tls is Tls.IMPLICIT else "smtp"
        user = f"{self.credentials.user}@" if self.credentials else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{user}{host}:{self.port}"

    def tls_profile(self) -> TlsProfile:
        return self.trust

    @property
    def unsafe_no_verify(self) -> bool:
        return self.trust.unsafe_no_verify

    def profile(self, local_host: str) -> Profile:
        policy = StartTlsPolicy.OFF if self.tls is Tls.IMPLICIT else StartTlsPolicy(self.tls.value)
        return Profile(
            hello=self.hello or _own_name(local_host),
            starttls=policy,
            credentials=self.credentials,
            unsafe_plaintext_auth=self.unsafe_plaintext_auth,
            timeouts=Timeouts.scaled_to(self.timeout),
            is_lmtp=self.is_lmtp,
        )


def _own_name(local_host: str) -> str:
    """RFC 5321 4.1.4: a full host name, or else the address literal. Looking the name up could block for long."""
    name = socket.gethostname()
    if re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", name):
        return name
    return f"[IPv6:{local_host}]" if ":" in local_host else f"[{local_host or '127.0.0.1'}]"


def smtp_settings(url: Url) -> SmtpSettings:
    """Return what an ``smtp:``, ``smtps:`` or ``lmtp:`` URL says. Raises ConfigError."""
    is_lmtp = url.scheme == "lmtp"
    socket = url.path if is_lmtp and not url.host else ""
    if not url.host and not socket:
        example = "lmtp://mail.example.com:24 or lmtp:/run/lmtp" if is_lmtp else "smtp://mail.example.com:587"
        raise ConfigError(f"the {url.scheme} transport needs a host", hint=f"Write {example}.")
    implicit = url.scheme == "smtps"
    # smtps:// is TLS from the start: there is no choice to make.
    options = url.take([name for name in _OPTIONS if not (implicit and name == "tls")])
    port = url.port or (465 if implicit else 24 if is_lmtp else 587)
    host = url.host or "localhost"
    return SmtpSettings(
        host=host,
        port=port,
        tls=Tls.IMPLICIT if implicit else Tls.OFF if socket else _tls(options.get("tls"), host, port),
        credentials=login.credentials(url.credentials, options),
        trust=certificate.tls_profile(options, unsafe_no_verify=not _yes("verify", options.get("verify", "yes"))),
        unsafe_plaintext_auth=_yes("unsafe_plaintext_auth", options.get("unsafe_plaintext_auth", "no")),
        hello=options.get("hello", ""),
        timeout=_positive("timeout", options.get("timeout", "60")),
        body=_body(options.get("body", "binary")),
        max_messages=_count("max_messages", options.get("max_messages", "100"), least=1),
        max_connections=_count("max_connections", options.get("max_connections", "20"), least=1),
        window=_count("window", options.get("window", "16"), least=0),
        is_lmtp=is_lmtp,
        socket=socket,
    )


def _tls(asked: str | None, host: str, port: int) -> Tls:
    """On the submission port, and to any other machine, TLS is required; to this machine it is used if it is there."""
    if asked is None:
        return Tls.OPPORTUNISTIC if port != 587 and is_loopback(host) else Tls.REQUIRED
    try:
        choice = Tls(asked)
    except ValueError:
        raise ConfigError(f"tls={asked} is not known", hint="Choose required, opportunistic or off.") from None
    if choice is Tls.IMPLICIT:
        raise ConfigError("tls=implicit is written as the scheme", hint="Write smtps:// instead of smtp://.")
    return choice


def _body(asked: str) -> BodyType:
    known = {"7bit": BodyType.SEVEN_BIT, "8bit": BodyType.EIGHT_BIT, "binary": BodyType.BINARY}
    if asked not in known:
        raise ConfigError(f"body={asked} is not known", hint=f"Choose {', '.join(known)}.")
    return known[asked]


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, as far as its name says so."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost" or host.lower().endswith(".localhost")


def _yes(name: str, value: str) -> bool:
    if value.lower() in ("yes", "true", "1", "on"):
        return True
    if value.lower() in ("no", "false", "0", "off"):
        return False
    raise ConfigError(f"{name}={value} is neither yes nor no")


def _count(name: str, value: str, *, least: int) -> int:
    if not re.fullmatch("[0-9]{1,7}", value) or int(value) < least:
        raise ConfigError(f"{name}={value} is not a {'positive ' if least else ''}whole number")
    return int(value)


def _positive(name: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e9:
        raise ConfigError(f"{name}={value} is not a positive number")
    return number
