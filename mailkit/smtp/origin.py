"""What a message was made from, as a parameter of MAIL that only mailkit's development inbox offers.

A keyword that begins with X is agreed upon by two sides (RFC 5321 2.2.2). A relay that does not offer it hears nothing of it.
"""

import json
from collections.abc import Mapping

from mailkit.mime import xtext

__all__ = ["ORIGIN", "decoded_origin", "encoded_origin"]

ORIGIN = "XMAILKIT"
_NAMES = ("template", "row", "campaign")
_LONGEST = 300  # characters of each word


def encoded_origin(words: Mapping[str, str]) -> str:
    return xtext.encode(json.dumps({name: word[:_LONGEST] for name, word in words.items()}, separators=(",", ":")))


def decoded_origin(text: str) -> dict[str, str]:
    """Return the words, whatever a client says; what is none is left out."""
    try:
        found = json.loads(xtext.decode(text) or "")
    except (ValueError, RecursionError):
        return {}
    words = found.items() if isinstance(found, dict) else ()
    return {name: word[:_LONGEST] for name, word in words if isinstance(word, str) and name in _NAMES}
