"""How two caught messages differ: what one recipient got and the other did not."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from mailkit.inbox.caught import Caught

__all__ = ["difference"]

_MOST_LINES = 3_000
_LONGEST = 2_000  # characters of a line
_AROUND = 2  # lines that are shown around a change
# Where generated HTML, which is one long line, may be broken: between tags.
_BETWEEN_TAGS = re.compile(r"(?<=>)\s*(?=<)")


def difference(one: Caught, other: Caught) -> list[dict[str, object]]:
    """Return for JSON how the fields, the text and the HTML of two messages differ.

    Each has ``blocks``: lines that are the same (``left`` only, with the number of those that are ``skipped``), or lines of the
    one (``left``) in the place of those of the other (``right``).
    """
    pairs = (
        ("Headers", _fields(one), _fields(other)),
        ("Text", one.text.splitlines(), other.text.splitlines()),
        ("HTML", _html(one), _html(other)),
    )
    return [
        {"name": name, "same": left == right, "blocks": list(_blocks(left[:_MOST_LINES], right[:_MOST_LINES]))}
        for name, left, right in pairs
    ]


def _fields(caught: Caught) -> list[str]:
    return [f"{field.name}: {field}" for field in caught.message.headers.fields]


def _html(caught: Caught) -> list[str]:
    return [line.strip() for line in _BETWEEN_TAGS.sub("\n", caught.html).splitlines() if line.strip()]


def _blocks(left: list[str], right: list[str]) -> Iterator[dict[str, object]]:
    for kind, begin, end, other_begin, other_end in SequenceMatcher(None, left, right, autojunk=True).get_opcodes():
        mine, theirs = _cut(left[begin:end]), _cut(right[other_begin:other_end])
        if kind != "equal":
            yield {"same": False, "left": mine, "right": theirs}
        elif len(mine) > 2 * _AROUND + 1:
            yield {"same": True, "left": mine[:_AROUND], "skipped": 0}
            yield {"same": True, "left": mine[-_AROUND:], "skipped": len(mine) - 2 * _AROUND}
        else:
            yield {"same": True, "left": mine, "skipped": 0}


def _cut(lines: list[str]) -> list[str]:
    return [line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…" for line in lines]
