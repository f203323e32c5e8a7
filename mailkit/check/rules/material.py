"""A message as the rules look at it: read once, for all of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from mailkit.check.markup import MOST_READ, Tag, Text, Token, read
from mailkit.message import Message

__all__ = ["Image", "Link", "Material"]

_HIDDEN = ("script", "style", "title", "noembed", "noframes", "iframe", "xmp")


@dataclass(frozen=True, slots=True)
class Link:
    """``text`` is what readers see of it, with the alternative texts of its images; ``line`` is the address's."""

    target: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Image:
    source: str
    line: int
    alt: str | None
    """None when there is no alternative text, not even an empty one."""
    width: str | None
    height: str | None

    @property
    def is_pixel(self) -> bool:
        """Whether it is there to be fetched, not to be seen."""
        return self.width in ("0", "1") and self.height in ("0", "1")


@dataclass(frozen=True)
class Material:
    message: Message
    recipients: tuple[str, ...] = ()
    """Those of the envelope; none when they are not known."""

    @cached_property
    def text(self) -> str:
        """The text, or as much of it as is looked at."""
        return (self.message.text or "")[:MOST_READ]

    @cached_property
    def html(self) -> str:
        """The HTML, or as much of it as is looked at."""
        return (self.message.html or "")[:MOST_READ]

    @property
    def is_cut(self) -> bool:
        """Whether there is more of the text or the HTML than is looked at."""
        return max(len(self.message.text or ""), len(self.message.html or "")) > MOST_READ

    @cached_property
    def cids(self) -> frozenset[str]:
        """What HTML may name an embedded part by."""
        return frozenset(part.cid for part in self.message.parts() if part.cid)

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        return tuple(read(self.html))

    @cached_property
    def tags(self) -> tuple[Tag, ...]:
        """The tags that open something."""
        return tuple(token for token in self.tokens if isinstance(token, Tag) and not token.is_end)

    @cached_property
    def texts(self) -> tuple[Text, ...]:
        """The pieces of text that readers of the HTML see."""
        return tuple(token for token in self.tokens if isinstance(token, Text) and token.within not in _HIDDEN)

    @cached_property
    def visible(self) -> str:
        """All that readers of the HTML see, as one text."""
        return " ".join(text for one in self.texts if (text := " ".join(one.text.split())))

    @cached_property
    def links(self) -> tuple[Link, ...]:
        return tuple(self._links())

    @cached_property
    def images(self) -> tuple[Image, ...]:
        return tuple(
            Image(source.value.strip(), source.line, tag.get("alt"), tag.get("width"), tag.get("height"))
            for tag in self.tags
            if tag.name == "img"
            for source in tag.attributes
            if source.name == "src"
        )

    def _links(self) -> Iterator[Link]:
        opened: tuple[str, int] | None = None
        said: list[str] = []
        for token in self.tokens:
            if isinstance(token, Text) and token.within not in _HIDDEN:
                said.append(token.text)
            elif isinstance(token, Tag) and token.name == "img":
                said.append(token.get("alt") or "")
            elif isinstance(token, Tag) and token.name == "a":
                # A link within a link ends it: browsers nest none.
                if opened:
                    yield Link(opened[0], " ".join("".join(said).split()), opened[1])
                target = None if token.is_end else next((one for one in token.attributes if one.name == "href"), None)
                opened = (target.value.strip(), target.line) if target else None
                said = []
        if opened:
            yield Link(opened[0], " ".join("".join(said).split()), opened[1])
