"""A mail that was caught: what the client said, what the message is, and how it came."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from mailkit.inbox.mistake import mistakes
from mailkit.message import Address, Attachment, Message
from mailkit.mime.bodytype import BodyType
from mailkit.template.plaintext import to_text
from mailkit.template.tree import parse

__all__ = ["Caught"]

_URL = re.compile(r"https?://[^\s<>\"'\\^`{|}\x00-\x20]{1,2000}")
_TRAILING = ".,;:!?)]}'"
# A code stands alone: 123456, 123-456, G-123456, AB12-CD34. Years, prices, sizes and times are none.
_CODE = re.compile(
    r"(?<![\w/.,:#%&=?€$£+-])(?:[A-Z]-)?(\d{4,8}|\d{3}[- ]\d{3}|[A-Z0-9]{3,5}-[A-Z0-9]{3,5})(?![\w%/]|[:.,-]\d)"
)
_NEAR = re.compile(
    r"\b(?:code|pin|otp|token|password|passcode|passwort|kennwort|bestätigung|verif\w*|einmal\w*)\b", re.IGNORECASE
)
_NEAR_ENOUGH = 80  # characters between the word and the number
_MOST_READ = 20_000  # characters: each number is held against each word
_YEAR = re.compile(r"(?:19|20)\d\d")


@dataclass(frozen=True)
class Caught:
    """One caught message. ``sender`` and ``recipients`` are the envelope's: blind copies are there, and nowhere else."""

    id: int
    at: datetime
    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    inbox: str = ""
    """Which inbox it is in: that of the user who logged in, or the one for all others."""
    user: str = ""
    peer: str = ""
    hello: str = ""
    is_secure: bool = False
    is_unread: bool = True
    tags: tuple[str, ...] = ()
    body: BodyType = BodyType.SEVEN_BIT
    """What the client said the content is."""
    is_smtputf8: bool = False
    """Whether it said SMTPUTF8: then fields may go beyond ASCII."""
    forgiven: tuple[str, ...] = ()
    """What the client did wrong in the session, and was forgiven."""
    transcript: tuple[str, ...] = ()
    origin: Mapping[str, str] = field(default_factory=dict)
    """What mailkit made it from: ``template``, ``row`` and ``campaign``, as far as there are; empty for other programs' mail."""

    @cached_property
    def message(self) -> Message:
        """The message, read when it is asked for."""
        return Message.parse(self.raw)

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What is wrong with it and with how it was sent; a real server may refuse what was let pass here."""
        return (*self.forgiven, *mistakes(self.raw, self.message, self.body, is_smtputf8=self.is_smtputf8))

    @property
    def subject(self) -> str:
        return self.message.subject

    @property
    def from_(self) -> tuple[Address, ...]:
        return self.message.from_

    @property
    def to(self) -> tuple[Address, ...]:
        return self.message.to

    @property
    def text(self) -> str:
        """The plain text; empty when there is none."""
        return self.message.text or ""

    @property
    def html(self) -> str:
        """The HTML; empty when there is none."""
        return self.message.html or ""

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        return self.message.attachments

    @property
    def bcc(self) -> tuple[str, ...]:
        """Who is in the envelope and in none of the fields that recipients see."""
        named = {one.email.lower() for one in (*self.message.to, *self.message.cc)}
        return tuple(one for one in self.recipients if one.lower() not in named)

    @property
    def tags_within(self) -> tuple[str, ...]:
        """The tags that its own fields X-Tag, X-Tags and Keywords give it."""
        fields = [text for name in ("X-Tag", "X-Tags", "Keywords") for text in self.message.headers.get_all(name)]
        words = [word.strip().lower() for text in fields for word in text.split(",")]
        return tuple(dict.fromkeys(re.sub(r"\s+", "-", word)[:60] for word in words if word))[:20]

    def links(self) -> tuple[str, ...]:
        """Return where its links lead, in their order: those of the HTML, then those of the text; each once."""
        root = parse(self.html) if self.html else None
        found = [str(target).strip() for target in root.xpath("//a/@href | //area/@href")] if root is not None else []
        found += [_bare(url) for url in _URL.findall(self.text)]
        return tuple(dict.fromkeys(url for url in found if url.lower().startswith(("http://", "https://"))))

    def code(self) -> str:
        """Return the code to log in or to confirm with: what looks like one, next to a word for it. Empty without one.

        >>> entry = Caught(1, datetime(2026, 1, 1), "", (), b"Subject: Hi\\r\\n\\r\\nIn 2026 your code is 417 220.\\r\\n")
        >>> entry.code()
        '417220'
        """
        for text in (self.text, to_text(self.html) if self.html else "", self.subject):
            if found := _code(text[:_MOST_READ]):
                return found
        return ""

    def describe(self) -> str:
        """Say in one line what it is."""
        return f"#{self.id} to {', '.join(self.recipients)}: {self.subject!r}"


def _bare(url: str) -> str:
    """Punctuation behind a link belongs to the sentence; a bracket that was opened in it does not."""
    while url and url[-1] in _TRAILING and not (url[-1] == ")" and url.count("(") >= url.count(")")):
        url = url[:-1]
    return url


def _code(text: str) -> str:
    words = [found.span() for found in _NEAR.finditer(text)]
    best: tuple[int, str] | None = None
    for found in _CODE.finditer(text):
        code = (
            re.sub(r"[- ]", "", found[1]) if found[1][:1].isdigit() and not re.search("[A-Z]", found[1]) else found[1]
        )
        if not any(char.isdigit() for char in code):
            continue
        gaps = [min(abs(found.start() - end), abs(start - found.end())) for start, end in words]
        gap = min(gaps, default=_NEAR_ENOUGH + 1)
        if gap > _NEAR_ENOUGH or (_YEAR.fullmatch(code) and gap > 12):
            continue
        if best is None or gap < best[0]:
            best = (gap, code)
    return best[1] if best else ""
