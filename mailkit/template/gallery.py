"""The starter templates that come with mailkit. Templates reach them as ``mailkit:layouts/base.html`` and so on."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from mailkit.template.place import Package

__all__ = ["PREFIX", "SHELF", "Starter", "shelved", "starter", "starters"]

PREFIX = "mailkit:"
_PAGES = (".html", ".md", ".mjml")


@cache
def _root() -> Traversable:
    shipped = files("mailkit") / "gallery"
    return shipped if shipped.is_dir() else Path(__file__).parents[2] / "templates"  # a checkout


class _Shelf:
    """The gallery as a place of templates, below the others."""

    def read(self, name: str) -> bytes | None:
        return Package(_root()).read(name.removeprefix(PREFIX)) if name.startswith(PREFIX) else None

    def stamp(self, name: str) -> object:
        return None

    def names(self) -> Iterator[str]:
        return iter(())


SHELF = _Shelf()


@dataclass(frozen=True, slots=True)
class Starter:
    """A template of the gallery: its name, what it is for, and its files by name."""

    name: str
    purpose: str
    languages: tuple[str, ...]
    files: dict[str, bytes]


def shelved() -> list[str]:
    """Return the names by which templates reach the files of the gallery."""
    return [PREFIX + name for name in Package(_root()).names()]


def starters() -> list[str]:
    """Return the names of the starters."""
    names = [entry.name for entry in _root().iterdir() if entry.name.endswith(_PAGES)]
    return sorted({name.partition(".")[0] for name in names})


def starter(name: str) -> Starter:
    """Return a starter with everything that it needs, its layouts among them. Raises KeyError."""
    if name not in starters():
        raise KeyError(name)
    place = Package(_root())
    own = [found for found in place.names() if found.startswith(f"{name}.")]
    layouts = [found for found in place.names() if found.startswith("layouts/")]
    wanted = {found: place.read(found) or b"" for found in [*own, *layouts]}
    languages = sorted({found.split(".")[1] for found in own if found.count(".") == 2 and found.endswith(".html")})
    return Starter(name, _PURPOSES.get(name, ""), ("en", *languages), wanted)


_PURPOSES = {
    "alert": "something is wrong: how bad, since when, what to do",
    "digest": "what happened this week, in figures and a list",
    "event-invite": "an invitation with a calendar entry to accept",
    "invitation": "somebody asks somebody to join a team",
    "invoice": "parties, items, tax and a date to pay by",
    "magic-link": "a link and a code to sign in with",
    "newsletter": "a lead story and more, for subscribers",
    "password-reset": "a link to choose a new password",
    "receipt": "what was bought and paid",
    "welcome": "the first message after signing up",
}
