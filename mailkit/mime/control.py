"""Characters that may never enter a header, an address or a command: the way in of every injection."""

import re

from mailkit.errors import MessageError

__all__ = ["CONTROL", "refuse_controls", "replace_controls"]

# C0 and C1 controls and DEL, but not TAB; lone surrogates, which have no encoding at all; and the two Unicode line
# separators, which some programs treat as line breaks.
CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")

_NAMES = {"\r": "a carriage return (CR)", "\n": "a line break (LF)", "\0": "a NUL"}


def refuse_controls(text: str, *, field: str) -> str:
    """Return ``text`` unchanged, or raise MessageError naming ``field`` and the character's position."""
    if text.isprintable():  # the common case, decided in C
        return text
    found = CONTROL.search(text)
    if found is None:
        return text
    what = _NAMES.get(found[0], f"the control character U+{ord(found[0]):04X}")
    raise MessageError(
        f"{what} at position {found.start()} is not allowed here",
        field=field,
        hint="Remove it, or put the text into the body; mailkit never strips anything silently.",
    )


def replace_controls(text: str, *, by: str) -> str:
    """Return ``text``, read from a message, with ``by`` in the place of what :func:`refuse_controls` refuses."""
    return text if text.isprintable() else CONTROL.sub(by, text)
