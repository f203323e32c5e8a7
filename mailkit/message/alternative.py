"""Further forms of a message's body, beside plain text and HTML: a calendar invitation, an AMP page."""

import re
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from mailkit.errors import MessageError
from mailkit.message.attachment import Attachment
from mailkit.mime import mediatype
from mailkit.mime.control import refuse_controls

__all__ = ["Alternative", "Invitation", "invitation"]

_NAME = re.compile(r"[A-Za-z0-9_-]{1,60}")
_METHOD = re.compile(r"^METHOD:([A-Za-z-]+)[ \t]*\r?$", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Alternative:
    """One form of the body: its text, its media type, and further parameters of that (``method=REQUEST``)."""

    text: str
    type: str
    parameters: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "type", mediatype.check(self.type, field="type"))
        if not self.type.startswith("text/"):
            raise MessageError(f"a body is text, not {self.type}", field="type", hint="Use .attach() for a file.")
        for name, value in self.parameters:
            if _NAME.fullmatch(name) is None or name.lower() == "charset":
                raise MessageError(
                    f"{name!r} cannot be the name of a parameter",
                    field="parameter",
                    hint="Names are ASCII letters, digits and hyphens; the charset is always utf-8.",
                )
            refuse_controls(value, field=name)


class _Calendar(Protocol):
    def to_ical(self) -> bytes: ...


Invitation: TypeAlias = str | bytes | _Calendar
"""An iCalendar object: its text, its bytes, or an object with ``to_ical()`` such as icalendar's Calendar."""


def invitation(calendar: Invitation, *, method: str, filename: str) -> tuple[Alternative, Attachment]:
    """Return a calendar object in the two forms that calendars look for (RFC 6047 2.4).

    As an alternative with its method, which Gmail and Outlook offer to answer, and as a file, which the others open.
    """
    if not isinstance(calendar, str | bytes):
        calendar = calendar.to_ical()
    try:
        text = calendar if isinstance(calendar, str) else calendar.decode()
    except UnicodeDecodeError:
        raise MessageError("an iCalendar object is UTF-8 (RFC 5545 3.1.4)", field="calendar") from None
    if not text.lstrip("\ufeff \r\n").upper().startswith("BEGIN:VCALENDAR"):
        raise MessageError(
            "this is no iCalendar object: it does not begin with BEGIN:VCALENDAR",
            field="calendar",
            hint="Give the text of an .ics file, or a Calendar of the icalendar package.",
        )
    said = _METHOD.search(text)
    if said and method and said[1].upper() != method.upper():
        raise MessageError(f"the object says METHOD:{said[1]}, not {method}", field="method")
    # RFC 5546 1.4: without a method the object is only published, and nobody is asked to answer.
    method = (method or (said[1] if said else "PUBLISH")).upper()
    body = Alternative(text, "text/calendar", (("method", method),))
    # Not text/calendar again: Outlook would show the invitation twice.
    return body, Attachment(text.encode(), filename=filename, type="application/ics")
