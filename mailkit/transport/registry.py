"""From a URL to a transport: the schemes that mailkit knows, and those that plug-ins add.

A plug-in is a package with an entry point in the group ``mailkit.transports``, named like its scheme and naming a
function from :class:`~mailkit.transport.url.Url` to :class:`~mailkit.transport.base.Transport`.
"""

from collections.abc import Callable
from importlib.metadata import entry_points
from ipaddress import ip_address

from mailkit.errors import ConfigError
from mailkit.mime.bodytype import BodyType
from mailkit.transport.base import Transport
from mailkit.transport.console import ConsoleTransport
from mailkit.transport.file import FileTransport
from mailkit.transport.memory import MemoryTransport, NullTransport
from mailkit.transport.smtp import SmtpSettings, SmtpTransport, Tls
from mailkit.transport.url import Url, redacted

__all__ = ["open_transport"]

_Factory = Callable[[Url], Transport]

_SMTP_OPTIONS = ("tls", "verify", "ca", "hello", "timeout", "body", "max_messages", "unsafe_plaintext_auth")


def open_transport(given: "str | Transport") -> Transport:
    """Return the transport that a URL names. Nothing is connected yet. Raises ConfigError."""
    if isinstance(given, Transport):
        return given
    if not isinstance(given, str):
        raise ConfigError(f"a transport is given as a URL or a Transport object, not as {type(given).__name__}")
    url = Url.parse(given)
    factory = _SCHEMES.get(url.scheme) or _plugin(url.scheme)
    if factory is None:
        raise ConfigError(
            f"there is no transport {url.scheme!r} ({redacted(given)!r})",
            hint=f"mailkit has: {', '.join(sorted(_SCHEMES))}.",
        )
    return factory(url)


def _plugin(scheme: str) -> _Factory | None:
    for entry in entry_points(group="mailkit.transports", name=scheme):
        factory: _Factory = entry.load()
        return factory
    return None


def _smtp(url: Url) -> Transport:
    if not url.host:
        raise ConfigError(f"the {url.scheme} transport needs a host", hint="Write smtp://mail.example.com:587.")
    implicit = url.scheme == "smtps"
    # smtps:// is TLS from the start: there is no choice to make.
    options = url.take([name for name in _SMTP_OPTIONS if not (implicit and name == "tls")])
    port = url.port or (465 if implicit else 587)
    return SmtpTransport(
        SmtpSettings(
            host=url.host,
            port=port,
            tls=Tls.IMPLICIT if implicit else _tls(options.get("tls"), url.host, port),
            credentials=url.credentials,
            ca_file=options.get("ca", ""),
            unsafe_no_verify=not _yes("verify", options.get("verify", "yes")),
            unsafe_plaintext_auth=_yes("unsafe_plaintext_auth", options.get("unsafe_plaintext_auth", "no")),
            hello=options.get("hello", ""),
            timeout=_positive("timeout", options.get("timeout", "60")),
            body=_body(options.get("body", "binary")),
            max_messages=int(_positive("max_messages", options.get("max_messages", "100"))),
        )
    )


def _tls(asked: str | None, host: str, port: int) -> Tls:
    """On the submission port, and to any other machine, TLS is required; to this machine it is used if it is there."""
    if asked is None:
        return Tls.OPPORTUNISTIC if port != 587 and _is_loopback(host) else Tls.REQUIRED
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


def _is_loopback(host: str) -> bool:
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


def _positive(name: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e9:
        raise ConfigError(f"{name}={value} is not a positive number")
    return number


def _file(url: Url) -> Transport:
    url.take(())
    # file:///var/mail has the path after an empty host, file:outbox right after the colon.
    if not url.path or url.host:
        raise ConfigError("file: needs a folder", hint="Write file:outbox, or file:///var/spool/outbox.")
    return FileTransport(url.path)


def _plain(make: Callable[[], Transport]) -> _Factory:
    def factory(url: Url) -> Transport:
        url.take(())
        if url.path or url.host:
            raise ConfigError(f"{url.scheme}: takes nothing after the colon")
        return make()

    return factory


_SCHEMES: dict[str, _Factory] = {
    "console": _plain(ConsoleTransport),
    "file": _file,
    "memory": _plain(MemoryTransport),
    "null": _plain(NullTransport),
    "smtp": _smtp,
    "smtps": _smtp,
}
