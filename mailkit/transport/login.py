"""Who logs in at a relay, as a URL says it: a password, a token that lies somewhere else, or a certificate."""

import os
from pathlib import Path

from mailkit.errors import ConfigError
from mailkit.secret import Secret
from mailkit.smtp import Credentials
from mailkit.smtp.sasl import MECHANISMS
from mailkit.smtp.token import TokenSource

__all__ = ["OPTIONS", "credentials", "secret_in"]

OPTIONS = ("auth", "token_env", "token_file")


def credentials(found: Credentials | None, options: dict[str, str]) -> Credentials | None:
    """Return the credentials of a URL with what its options add to them. Raises ConfigError."""
    mechanism = options.get("auth", "").upper()
    if mechanism and mechanism not in MECHANISMS:
        raise ConfigError(f"auth={options['auth']} is not known", hint=f"Choose {', '.join(MECHANISMS)}.")
    token = _token(options)
    if found is None:
        if token:
            raise ConfigError("the URL has a token but no user", hint="Write smtp://user@host?token_env=NAME.")
        if mechanism == "EXTERNAL":
            return Credentials("", mechanism=mechanism)
        if mechanism:
            raise ConfigError(f"auth={options['auth']} needs a user", hint="Write smtp://user:password@host.")
        return None
    if found.password is None and token is None and mechanism != "EXTERNAL":
        raise ConfigError(
            "the URL has a user but no password",
            hint="Write smtp://user:password@host, percent-encoding both, or smtp://user@host?auth=xoauth2&token_env=NAME.",
        )
    return Credentials(found.user, found.password, token, mechanism)


def secret_in(name: str) -> Secret:
    """Return the value of an environment variable. Raises ConfigError."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise ConfigError(f"the environment variable {name!r} is not set, or empty")
    return Secret(value)


def _token(options: dict[str, str]) -> TokenSource | None:
    """Both are read at each login: whoever renews the token writes the new one to the same place."""
    name, path = options.get("token_env", ""), options.get("token_file", "")
    if name and path:
        raise ConfigError("token_env and token_file are two places for one token", hint="Keep one of them.")
    if name:
        return lambda: secret_in(name)
    return (lambda: _content(Path(path))) if path else None


def _content(path: Path) -> Secret:
    try:
        return Secret(path.read_text(encoding="ascii").strip())
    except OSError as error:
        raise ConfigError(f"the token file {str(path)!r} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"the token file {str(path)!r} has something in it that is no token") from None
