"""The page that a person sees."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from mailkit.bulk.unsubscribe.words import WORDS

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["Page", "View", "masked", "spoken"]


class View(StrEnum):
    """What there is to say."""

    ASK = "ask"
    DONE = "done"
    UNDONE = "undone"
    UNKNOWN = "unknown"
    """Nobody knows the link."""
    FAILED = "failed"
    """The list cannot be written just now."""


@dataclass(frozen=True, slots=True)
class Page:
    """What is on the page. ``address`` is masked; ``can_undo`` says whether the person may take it back."""

    view: View
    language: str = "en"
    title: str = ""
    address: str = ""
    can_undo: bool = False

    def render(self) -> str:
        """Return HTML. Each of its forms posts to the page's own URL."""
        return _template().render(page=self, words=WORDS[self.language])


@cache
def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.from_string(files(__package__).joinpath("page.html").read_text(encoding="utf-8"))


def masked(key: str) -> str:
    """Return an address that its owner recognises and nobody else can write to."""
    local, _, domain = key.rpartition("@")
    name, _, rest = domain.partition(".")
    return f"{local[:1]}•••@{name[:1]}•••.{rest.rpartition('.')[2]}"


def spoken(accept_language: str) -> str:
    """Return the language of the page for a browser's Accept-Language (RFC 9110 12.5.4); English if there is none of its."""
    wanted: list[tuple[float, int, str]] = []
    for number, one in enumerate(accept_language.split(",")[:20]):
        tag, _, parameters = one.strip().partition(";")
        weight = parameters.strip().removeprefix("q=")
        try:
            quality = float(weight) if weight else 1.0
        except ValueError:
            continue
        if quality > 0:
            wanted.append((-quality, number, tag.strip().lower().partition("-")[0]))
    return next((tag for _, _, tag in sorted(wanted) if tag in WORDS), "en")
