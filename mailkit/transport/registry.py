"""From a URL to a transport: the schemes that mailkit knows, and those that plug-ins add.

A plug-in is a package with an entry point in the group ``mailkit.transports``, named like its scheme and naming a
function from :class:`~mailkit.transport.url.Url` to :class:`~mailkit.transport.base.Transport`.
"""

from collections.abc import Callable
from difflib import get_close_matches
from importlib.metadata import entry_points

from mailkit.errors import ConfigError
from mailkit.transport.base import Transport
from mailkit.transport.composite import FailoverTransport, RoundRobinTransport
from mailkit.transport.console import ConsoleTransport
from mailkit.transport.file import FileTransport
from mailkit.transport.maildir import MaildirTransport
from mailkit.transport.mbox import MboxTransport
from mailkit.transport.memory import MemoryTransport, NullTransport
from mailkit.transport.provider import PROVIDERS, open_provider
from mailkit.transport.redirect import RedirectTransport
from mailkit.transport.sendmail import SendmailTransport
from mailkit.transport.settings import smtp_settings
from mailkit.transport.smtp import SmtpTransport
from mailkit.transport.url import Url, redacted

__all__ = ["open_transport"]

_Factory = Callable[[Url], Transport]
_GROUP = "mailkit.transports"


def open_transport(given: "str | Url | Transport") -> Transport:
    """Return the transport that a URL names. Nothing is connected yet. Raises ConfigError."""
    if isinstance(given, Transport):
        return given
    if not isinstance(given, str | Url):
        raise ConfigError(f"a transport is given as a URL or a Transport object, not as {type(given).__name__}")
    url = Url.parse(given) if isinstance(given, str) else given
    if url.scheme in _COMPOSITES:
        return _COMPOSITES[url.scheme](url)
    factory = _SCHEMES.get(url.scheme)
    if factory and url.members:
        raise ConfigError(f"{url.scheme} takes no transports in parentheses")
    factory = factory or _plugin(url.scheme)
    if factory is None:
        raise _unknown(url, given)
    return factory(url)


def _unknown(url: Url, given: str | Url) -> ConfigError:
    known = sorted({*_SCHEMES, *_COMPOSITES} - {*PROVIDERS})
    plugins = sorted(entry_points(group=_GROUP).names)
    near = get_close_matches(url.scheme, [*known, *PROVIDERS, *plugins])
    shown = f" ({redacted(given)!r})" if isinstance(given, str) and not url.members else ""
    lists = [f"mailkit has: {', '.join(known)}", f"providers by name: {', '.join(sorted(PROVIDERS))}"]
    if plugins:
        lists.append(f"plug-ins: {', '.join(plugins)}")
    meant = f"Did you mean {' or '.join(near)}? " if near else ""
    return ConfigError(f"there is no transport {url.scheme!r}{shown}", hint=f"{meant}{'; '.join(lists)}.")


def _plugin(scheme: str) -> _Factory | None:
    for entry in entry_points(group=_GROUP, name=scheme):
        factory: _Factory = entry.load()
        return factory
    return None


# -- one transport -----------------------------------------------------------------------------------------------------


def _smtp(url: Url) -> Transport:
    return SmtpTransport(smtp_settings(url))


def _path(url: Url, example: str) -> str:
    # file:///var/mail has the path after an empty host, file:outbox right after the colon.
    if not url.path or url.host:
        raise ConfigError(
            f"{url.scheme}: needs a path, and no host",
            hint=f"Write {url.scheme}:{example}, or a path with {url.scheme}:///.",
        )
    return url.path


def _file(url: Url) -> Transport:
    url.take(())
    if not url.path or url.host:
        raise ConfigError("file: needs a folder", hint="Write file:outbox, or file:///var/spool/outbox.")
    return FileTransport(url.path)


def _maildir(url: Url) -> Transport:
    url.take(())
    return MaildirTransport(_path(url, "Maildir"))


def _mbox(url: Url) -> Transport:
    url.take(("timeout",))
    return MboxTransport(_path(url, "mail.mbox"), timeout=url.positive("timeout", otherwise=60.0))


def _sendmail(url: Url) -> Transport:
    url.take(("timeout",))
    program = _path(url, "/usr/sbin/sendmail") if url.path or url.host else "sendmail"
    return SendmailTransport(program, timeout=url.positive("timeout", otherwise=60.0))


def _console(url: Url) -> Transport:
    url.take(("raw",))
    _refuse_place(url)
    return ConsoleTransport(raw=url.yes("raw"))


def _plain(make: Callable[[], Transport]) -> _Factory:
    def factory(url: Url) -> Transport:
        url.take(())
        _refuse_place(url)
        return make()

    return factory


def _refuse_place(url: Url) -> None:
    if url.path or url.host:
        raise ConfigError(f"{url.scheme}: takes nothing after the colon")


_SCHEMES: dict[str, _Factory] = {
    "console": _console,
    "file": _file,
    "lmtp": _smtp,
    "maildir": _maildir,
    "mbox": _mbox,
    "memory": _plain(MemoryTransport),
    "null": _plain(NullTransport),
    "sendmail": _sendmail,
    "smtp": _smtp,
    "smtps": _smtp,
    **dict.fromkeys(PROVIDERS, open_provider),
}


# -- transports of transports ------------------------------------------------------------------------------------------


def _failover(url: Url) -> Transport:
    url.take(("dead_for",))
    members = [open_transport(member) for member in url.members]
    kind = RoundRobinTransport if url.scheme == "roundrobin" else FailoverTransport
    return kind(members, dead_for=url.positive("dead_for", otherwise=60.0))


def _redirect(url: Url) -> Transport:
    options = url.take(("to", "allow"))
    if len(url.members) != 1 or not options.get("to"):
        raise ConfigError(
            "redirect takes one transport and an address", hint="Write redirect(smtp://host)?to=dev@example.com."
        )
    allow = [text for text in options.get("allow", "").split(",") if text]
    return RedirectTransport(open_transport(url.members[0]), to=options["to"], allow=allow)


_COMPOSITES: dict[str, _Factory] = {"failover": _failover, "redirect": _redirect, "roundrobin": _failover}
