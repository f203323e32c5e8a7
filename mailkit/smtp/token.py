"""Access tokens (OAuth 2.0): where they come from, and how long they are kept."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from mailkit import clock
from mailkit.errors import AuthError, MailkitError
from mailkit.secret import Secret

__all__ = ["Token", "TokenSource", "Tokens"]

_MARGIN = 60.0  # a token must outlive the login that it is taken for, and clocks differ
_LONGEST = 31_536_000.0
# RFC 6750 2.1 and RFC 7628 3.1: what may stand in a Bearer token; anything else would end it, or begin another field.
_TEXT = re.compile(r"[A-Za-z0-9._~+/-]+=*")


@dataclass(frozen=True, slots=True)
class Token:
    """An access token that is good for ``seconds`` from now; 0 when that is not known, and then it is not kept."""

    text: Secret
    seconds: float = 0.0


TokenSource: TypeAlias = Callable[[], Token | Secret | str]
"""Gives an access token. It may block: pumps call it beside the wire."""


class Tokens:
    """The tokens of one account. Threads and tasks that log in at the same time fetch one between them."""

    def __init__(self, source: TokenSource) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._kept = Secret("")
        self._until = clock.now()
        self._taken = 0

    def take(self) -> Secret:
        """Return a token that is still good, fetching one if need be.

        Raises AuthError, and what the source raises of mailkit's own errors.
        """
        with self._lock:
            return self._fetched() if clock.now() >= self._until else self._given()

    def after(self, refused: Secret) -> Secret | None:
        """Return another token than the one that the server ``refused``; None when that was fetched for this login."""
        with self._lock:
            if self._kept != refused and clock.now() < self._until:
                return self._given()  # another login has been here
            if self._kept == refused and self._taken == 1:
                return None
            fresh = self._fetched()
            return None if fresh == refused else fresh

    def _given(self) -> Secret:
        self._taken += 1
        return self._kept

    def _fetched(self) -> Secret:
        token = _asked(self._source)
        seconds = min(token.seconds, _LONGEST)
        self._kept, self._taken = token.text, 0
        self._until = clock.now() + timedelta(seconds=max(seconds - _MARGIN, seconds / 2))
        return self._given()


def _asked(source: TokenSource) -> Token:
    try:
        found = source()
    except MailkitError:
        raise
    except Exception as error:
        # What it says may hold a secret. The cause is there for whoever looks for it.
        raise AuthError(f"there is no access token: its source raised {type(error).__name__}") from error
    if isinstance(found, str):
        found = Secret(found)
    token = found if isinstance(found, Token) else Token(found)
    if not _TEXT.fullmatch(token.text.reveal()):
        raise AuthError("the source of access tokens gave something that is none", hint="Is there a line end in it?")
    return token
