"""How both sides of a secure connection prove who they are, as a URL says it."""

import re
import ssl

from mailkit.errors import ConfigError
from mailkit.net.tls import TlsProfile
from mailkit.transport.login import secret_in

__all__ = ["OPTIONS", "tls_profile"]

OPTIONS = ("verify", "ca", "fingerprint", "cert", "key", "key_password_env", "tls_min", "tls_name")

_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def tls_profile(options: dict[str, str], *, unsafe_no_verify: bool) -> TlsProfile:
    """Raises ConfigError."""
    given = [name for name in ("key", "key_password_env") if name in options]
    if given and "cert" not in options:
        raise ConfigError(f"{given[0]} without cert has nothing to belong to", hint="Add cert=FILE.")
    password = options.get("key_password_env", "")
    return TlsProfile(
        name=options.get("tls_name", ""),
        ca_file=options.get("ca", ""),
        fingerprints=_fingerprints(options.get("fingerprint", "")),
        cert_file=options.get("cert", ""),
        key_file=options.get("key", ""),
        key_password=secret_in(password) if password else None,
        minimum=_version(options.get("tls_min", "1.2")),
        unsafe_no_verify=unsafe_no_verify,
    )


def _version(asked: str) -> ssl.TLSVersion:
    if asked not in _VERSIONS:
        raise ConfigError(f"tls_min={asked} is not known", hint=f"Choose {' or '.join(_VERSIONS)}.")
    return _VERSIONS[asked]


def _fingerprints(asked: str) -> tuple[str, ...]:
    return tuple(_fingerprint(one) for one in asked.split(",")) if asked else ()


def _fingerprint(asked: str) -> str:
    kind, _, digits = asked.partition(":")
    bare = digits.replace(":", "").lower()
    if kind.lower() != "sha256" or not re.fullmatch("[0-9a-f]{64}", bare):
        raise ConfigError(
            f"fingerprint={asked} is not one",
            hint="Write sha256: and 64 hexadecimal digits, as openssl x509 -noout -fingerprint -sha256 prints them.",
        )
    return bare
