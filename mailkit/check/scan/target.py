"""Where a spam filter is, as a URL says it. A password in it never reaches a message."""

import os
import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from mailkit.errors import ConfigError
from mailkit.mime.control import CONTROL
from mailkit.net.tls import TlsProfile
from mailkit.secret import Secret

__all__ = ["Kind", "Target"]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a scheme means."""

    title: str
    program: str
    port: int
    max_size: int
    is_secure: bool = False
    options: tuple[str, ...] = ()


_OPTIONS = ("max_size", "timeout")
_RSPAMD = (*_OPTIONS, "password", "password_env")
_TLS = ("ca", "cert", "key", "tls_name", "verify")
_KINDS = {
    # Of what is larger, spamc does not send anything either: SpamAssassin would take minutes.
    "spamd": Kind("SpamAssassin", "spamd", 783, 500 * 1024, options=(*_OPTIONS, "user")),
    # rspamd's own limit, max_message.
    "rspamd": Kind("rspamd", "rspamd", 11333, 50 * 1024 * 1024, options=_RSPAMD),
    "rspamds": Kind("rspamd", "rspamd", 443, 50 * 1024 * 1024, is_secure=True, options=(*_RSPAMD, *_TLS)),
}
_EXAMPLES = (
    "Write spamd://127.0.0.1:783, spamd:///run/spamd.sock, rspamd://127.0.0.1:11333 or rspamds://rspamd.example.com."
)
# Underscores are not for host names, but container networks have them.
_HOST = re.compile(r"(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?")
_YES = {"yes": True, "true": True, "1": True, "on": True, "no": False, "false": False, "0": False, "off": False}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")

_TRUST = TlsProfile()


@dataclass(frozen=True, slots=True)
class Target:
    """One filter: at ``host`` and ``port``, or at ``path``, that of a Unix socket."""

    kind: Kind
    host: str = ""
    port: int = 0
    path: str = ""
    user: str = ""
    password: Secret | None = None
    trust: TlsProfile = _TRUST
    timeout: float = 30.0
    max_size: int = 0

    def __str__(self) -> str:
        return self.path or (f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}")

    @classmethod
    def parse(cls, url: str) -> "Target":
        """Raises ConfigError, which shows no more of the URL than what cannot be a secret."""
        if CONTROL.search(url):
            raise ConfigError("the URL of the spam filter has a control character")
        scheme = found[1].lower() if (found := _SCHEME.match(url)) else ""
        kind = _KINDS.get(scheme)
        if kind is None:
            what = (
                f"{scheme}: is not the URL of a spam filter" if scheme else "the URL of the spam filter has no scheme"
            )
            raise ConfigError(what, hint=_EXAMPLES)
        try:
            parts = urlsplit(url)
            port = parts.port
            options = _options(parts)
        except ValueError:
            raise ConfigError(f"the {scheme}: URL cannot be read", hint=_EXAMPLES) from None
        if "@" in parts.netloc or parts.fragment:
            hint = "A user is ?user=NAME." if scheme == "spamd" else "A password is ?password_env=NAME."
            raise ConfigError(f"the {scheme}: URL has a user or a '#' in it", hint=hint)
        for name, value in options.items():
            if name not in kind.options:
                known = ", ".join(sorted(kind.options))
                raise ConfigError(f"a {scheme}: URL has no option {name!r}", hint=f"It has: {known}.")
            if CONTROL.search(value):
                raise ConfigError(f"{name} has a control character", hint="Nothing was sent.")
        return cls(
            kind,
            **_place(parts, kind, port),
            user=options.get("user", ""),
            password=_password(options),
            trust=_trust(options),
            timeout=_positive(options, "timeout", otherwise=30.0),
            max_size=int(_positive(options, "max_size", otherwise=kind.max_size)),
        )


def _options(parts: SplitResult) -> dict[str, str]:
    # In a URL of mailkit a plus is a plus.
    query = parts.query.replace("+", "%2B")
    return dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))


def _place(parts: SplitResult, kind: Kind, port: int | None) -> dict[str, Any]:
    host, path = parts.hostname or "", unquote(parts.path)
    if not host:
        if not path.strip("/") or kind.is_secure or CONTROL.search(path):
            raise ConfigError(f"the {parts.scheme}: URL has no host", hint=_EXAMPLES)
        return {"path": path}
    if path not in ("", "/"):
        raise ConfigError(f"the {parts.scheme}: URL has both a host and a path", hint=_EXAMPLES)
    if not _is_host(host):
        raise ConfigError(f"{host!r} is not a host name", hint=_EXAMPLES)
    return {"host": host, "port": port or kind.port}


def _is_host(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return len(name) <= 253 and _HOST.fullmatch(name) is not None
    return True


def _password(options: dict[str, str]) -> Secret | None:
    text, name = options.get("password", ""), options.get("password_env", "")
    if name:
        text = os.environ.get(name, "").strip()
        if not text or CONTROL.search(text):
            raise ConfigError(f"the environment variable {name!r} is not set, or no password")
    return Secret(text) if text else None


def _trust(options: dict[str, str]) -> TlsProfile:
    verify = options.get("verify", "yes").lower()
    if verify not in _YES:
        raise ConfigError(f"verify={verify} is neither yes nor no")
    name = options.get("tls_name", "")
    if name and not _is_host(name):
        raise ConfigError(f"tls_name={name} is not a host name")
    if "key" in options and "cert" not in options:
        raise ConfigError("key without cert has nothing to belong to", hint="Add cert=FILE.")
    return TlsProfile(
        name=name,
        ca_file=options.get("ca", ""),
        cert_file=options.get("cert", ""),
        key_file=options.get("key", ""),
        unsafe_no_verify=not _YES[verify],
    )


def _positive(options: dict[str, str], name: str, *, otherwise: float) -> float:
    value = options.get(name, str(otherwise))
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e9:
        raise ConfigError(f"{name}={value} is not a positive number")
    return number
