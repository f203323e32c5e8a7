"""One message in several languages (RFC 8255)."""

import re
from dataclasses import dataclass
from enum import StrEnum

from mailkit.errors import MessageError
from mailkit.message.address import Address
from mailkit.mime.control import refuse_controls

__all__ = ["Translation", "TranslationType"]

_TAG = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")


class TranslationType(StrEnum):
    """How a version of the message came about (RFC 8255 5)."""

    ORIGINAL = "original"
    HUMAN = "human"
    AUTOMATED = "automated"


@dataclass(frozen=True, slots=True)
class Translation:
    """The message in one language: subject, bodies and, where it is written differently, the author.

    ``language`` is a tag of RFC 5646 such as ``de`` or ``zh-Hant``; ``zxx`` means none at all, such as pictures only.
    """

    language: str
    subject: str
    text: str | None = None
    html: str | None = None
    author: Address | None = None
    kind: TranslationType | None = None

    def __post_init__(self) -> None:
        if _TAG.fullmatch(self.language) is None:
            raise MessageError(
                f"{self.language!r} is not a language tag (RFC 5646)",
                field="language",
                hint="Write de, en-GB, zh-Hant.",
            )
        refuse_controls(self.subject, field="subject")
        if self.text is None and self.html is None:
            raise MessageError(
                f"the version in {self.language!r} has neither text nor html",
                field="language",
                hint="Give one or both.",
            )
