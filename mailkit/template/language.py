"""The language of a rendering: its tag, what is tried when it is not there, and who asks for it.

A language is written as in ``de-AT`` (RFC 5646) or ``de_AT``; both mean the same.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING

from mailkit.errors import MessageError

if TYPE_CHECKING:
    from babel import Locale

__all__ = ["DEFAULT", "chain", "conventions", "current", "speaking", "tag"]

DEFAULT = "en"
_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")
_HINT = "Write it as de, de-AT or zh-Hant-TW."
_current: ContextVar[str] = ContextVar("mailkit_language", default=DEFAULT)


def tag(text: str) -> str:
    """Return a language tag in its usual form: ``de_at`` becomes ``de-AT``. Raises MessageError."""
    if not isinstance(text, str):  # from a JSON file, or from settings
        raise MessageError(f"{text!r} is no language", field="locale", hint=_HINT)
    return _tag(text)


@lru_cache(maxsize=1024)
def _tag(text: str) -> str:
    found = text.strip().partition(".")[0]  # "de_DE.UTF-8", as the shell says it
    if _TAG.fullmatch(found) is None:
        raise MessageError(f"{text[:60]!r} is no language", field="locale", hint=_HINT)
    language, *rest = re.split("[-_]", found)
    forms = [part.title() if len(part) == 4 and part.isalpha() else part.upper() for part in rest]
    return "-".join([language.lower(), *forms])


def chain(language: str) -> list[str]:
    """Return the language and the wider ones it falls back on: ``zh-Hant-TW``, ``zh-Hant``, ``zh``."""
    parts = language.split("-")
    return ["-".join(parts[:count]) for count in range(len(parts), 0, -1)]


def current() -> str:
    """The language of the rendering that is under way."""
    return _current.get()


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Render in ``language`` within the block."""
    token = _current.set(language)
    try:
        yield
    finally:
        _current.reset(token)


@lru_cache(maxsize=256)
def conventions(language: str) -> "Locale":
    """Return what CLDR knows of a language, or of the widest one it falls back on that is known there."""
    from babel import Locale, UnknownLocaleError

    for wider in chain(language):
        try:
            return Locale.parse(wider, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    raise MessageError(
        f"nothing is known of the language {language!r}", field="locale", hint="Write it as de or de-AT."
    )
