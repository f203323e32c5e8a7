"""What a server answers, as values: numbers, ranges, new UIDs, moments (RFC 3501 7, RFC 4315, RFC 4731)."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timezone
from typing import Any

from mailkit.mailbox.folder import decoded
from mailkit.mailbox.uids import Uids

__all__ = ["data", "moment", "name", "new_uids", "numbers", "ranges"]

_RANGE = re.compile(r"(\d{1,10})(?::(\d{1,10}))?")
_MOST_FOUND = 50_000_000  # a range is short, whatever it claims to hold


def name(value: object) -> str:
    """Return a folder's name, a delimiter or a flag as text."""
    if isinstance(value, bytes):
        return decoded(value)
    return "" if value is None else str(value)


def data(value: object) -> bytes:
    """A text that looks like a number is one to IMAPClient."""
    return value if isinstance(value, bytes) else b"" if value is None else str(value).encode()


def moment(value: object) -> datetime | None:
    """IMAPClient has zones of its own."""
    if not isinstance(value, datetime):
        return None
    offset = value.utcoffset()
    return value.replace(tzinfo=timezone(offset) if offset else UTC)


def numbers(answers: list[Any]) -> Iterator[int]:
    """RFC 3501 7.2.5; with CONDSTORE a MODSEQ stands behind the numbers."""
    for answer in answers:
        for word in answer.partition(b"(")[0].split():
            yield int(word)


def ranges(answers: list[Any]) -> Iterator[int]:
    """RFC 4731 3.1: ``(TAG "a1") UID ALL 1:17,21``."""
    total = 0
    for answer in answers:
        words = answer.decode("ascii", "replace").split()
        places = [place for place, word in enumerate(words) if word.upper() == "ALL"]
        for one in words[places[-1] + 1].split(",") if places else ():
            found = _RANGE.fullmatch(one)
            if found is None:
                raise ValueError(one)
            ends = sorted((int(found[1]), int(found[2] or found[1])))
            total += ends[1] - ends[0] + 1
            if total > _MOST_FOUND:
                raise OverflowError(one)
            yield from range(ends[0], ends[1] + 1)


def new_uids(answers: list[Any], folder: str) -> Uids | None:
    """RFC 4315 3: ``38505 304,319:320 3956:3958``, or ``38505 3955``."""
    if not answers:
        return None
    validity, *_, there = answers[-1].split()
    return Uids(ranges([b"ALL " + there]), folder=folder, uidvalidity=int(validity))
