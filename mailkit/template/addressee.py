"""Address headers of templates: whatever is in the data, a name stays a name, and one address one."""

import re

from mailkit.message import Address
from mailkit.template.slot import Slotted

__all__ = ["ADDRESSED", "addresses"]

ADDRESSED = frozenset(("from", "sender", "to", "cc", "bcc", "reply-to", "return-path"))
_PIECES = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^,"])+')


def addresses(text: str, values: list[str]) -> str:
    """Put the values into an address header: a name stays a name, and one address one, whatever is in the data.

    Only a value that stands alone may be a list: there the template leaves everything to the data.
    """
    if not values:
        return text
    return ", ".join(_address(Slotted(piece, values)) for piece in _PIECES.findall(text) if piece.strip())


def _address(piece: Slotted) -> str:
    if found := piece.mailbox():
        return str(Address(found[1], name=found[0]))
    filled = piece.filled().strip()
    return filled if piece.is_value or filled == piece.text.strip() else str(Address.parse(filled))
