"""What is given to a command: nothing that could end it and begin another one reaches the wire."""

import re
from collections.abc import Iterable

from mailkit.errors import MailboxError, MessageError
from mailkit.mime.control import refuse_controls

__all__ = ["flag_name", "flag_names", "number", "text", "uid_number"]

# RFC 3501 9: what an atom is made of.
_ATOM = re.compile(r"\\?[!#$&'+,\-./0-9:;<=>?@A-Z\[^_`a-z|}~]+")
_SYSTEM = {name.lower(): f"\\{name}" for name in ("Seen", "Answered", "Flagged", "Deleted", "Draft")}


def text(value: str, *, field: str) -> str:
    """Return ``value`` unchanged, or raise MailboxError for a control character in it: CR, LF and NUL among them."""
    if not isinstance(value, str):
        raise MailboxError(f"{field}: text is wanted, not {type(value).__name__}")
    try:
        return refuse_controls(value, field=field)
    except MessageError as error:
        raise MailboxError(str(error), hint="Nothing was sent.") from None


def flag_name(value: str) -> str:
    r"""Return a flag as the server writes it: ``seen`` is ``\Seen``, any other word is a keyword."""
    text(value, field="flag")
    name = _SYSTEM.get(value.lower().removeprefix("\\"), value)
    if not _ATOM.fullmatch(name):
        raise MailboxError(
            f"{value!r} cannot be a flag",
            hint="Flags are seen, answered, flagged, deleted and draft; keywords are of ASCII letters and digits.",
        )
    return name


def flag_names(values: Iterable[str]) -> tuple[str, ...]:
    """Return several flags."""
    return tuple(map(flag_name, (values,) if isinstance(values, str) else values))


def number(value: int, *, field: str, least: int = 1) -> int:
    """Return a number, or raise MailboxError for what is none: ``True`` and ``"1 2"`` too."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise MailboxError(f"{field}: {value!r} is not a whole number of {least} or more")
    return value


def uid_number(value: int) -> int:
    """Return a UID of IMAP (RFC 3501 2.3.1.1)."""
    if number(value, field="uid") > 0xFFFFFFFF:
        raise MailboxError(f"uid: {value} is larger than a UID can be")
    return value
