"""Calendar entries as templates: ``event.ics`` beside ``event.html``, an iCalendar object (RFC 5545) with holes.

The lines are taken apart before the values are put in: a value is escaped for the place where it stands, and can never
add a line. Long lines are folded.
"""

import re

from mailkit.errors import MessageError
from mailkit.template.slot import TOKEN, Slotted

__all__ = ["write_calendar"]

# Of type TEXT (RFC 5545 3.8): here a comma or a semicolon of the data must not read as one of the format.
_TEXTS = frozenset(
    (
        *("CATEGORIES", "COMMENT", "CONTACT", "DESCRIPTION", "LOCATION", "NAME", "PRODID", "RESOURCES", "SUMMARY"),
        *("RELATED-TO", "REQUEST-STATUS", "TZID", "UID"),
    )
)
_COLON = re.compile(r'((?:[^":]|"[^"]*")*):(.*)', re.DOTALL)
_BREAK = re.compile(r"\r\n|\r|\n")
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
_FOLD = 75  # octets in a line, without its end (RFC 5545 3.1)


def write_calendar(rendered: Slotted) -> str:
    """Return the object with its values in it, with CRLF line ends. Raises MessageError."""
    lines: list[str] = []
    for line in _BREAK.split(rendered.text):
        if line[:1] in (" ", "\t") and lines:
            lines[-1] += line[1:]
        elif line.strip():
            lines.append(line.strip())
    return "".join(_folded(_filled(line, rendered)) + "\r\n" for line in lines)


def _filled(line: str, rendered: Slotted) -> str:
    parts = _COLON.fullmatch(line)
    if parts is None:
        raise MessageError(f"{line[:60]!r} is no line of a calendar", field="calendar", hint="Write NAME:value.")
    before, value = parts.groups()
    name = before.partition(";")[0].upper()
    write = _text if name in _TEXTS or name.startswith("X-") else _exact
    head = TOKEN.sub(lambda token: _parameter(rendered.values[int(token[1])]), before)
    return f"{head}:{TOKEN.sub(lambda token: write(rendered.values[int(token[1])]), value)}"


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return _exact(_BREAK.sub(r"\\n", escaped))


def _parameter(value: str) -> str:
    """As RFC 6868 writes what a parameter cannot hold."""
    return _exact(_BREAK.sub("^n", value.replace("^", "^^")).replace('"', "^'"))


def _exact(value: str) -> str:
    if found := _CONTROL.search(value):
        raise MessageError(f"a value holds U+{ord(found[0]):04X}, which has no place there", field="calendar")
    return value


def _folded(line: str) -> str:
    rows: list[str] = []
    row, size = "", 0
    for character in line:
        width = len(character.encode())
        if size + width > _FOLD:
            rows.append(row)
            row, size = " ", 1
        row += character
        size += width
    return "\r\n".join([*rows, row])
