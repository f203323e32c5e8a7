"""From a URL to a transport: the schemes that mailkit knows, and those that plug-ins add.

A plug-in is a package with an entry point in the group ``mailkit.transports``, named like its scheme and naming a
function from :class:`~mailkit.transport.url.Url` to :class:`~mailkit.transport.base.Transport`.
"""

from collections.abc import Callable
from importlib.metadata import entry_points

from mailkit.errors import ConfigError
from mailkit.transport.base import Transport
from mailkit.transport.console import ConsoleTransport
from mailkit.transport.file import FileTransport
from mailkit.transport.memory import MemoryTransport, NullTransport
from mailkit.transport.settings import smtp_settings
from mailkit.transport.smtp import SmtpTransport
from mailkit.transport.url import Url, redacted

__all__ = ["open_transport"]

_Factory = Callable[[Url], Transport]


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
    return SmtpTransport(smtp_settings(url))


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
