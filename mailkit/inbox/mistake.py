"""What is wrong with how a message was written or sent, and was let pass: an inbox takes it, a real server may not."""

import re

from mailkit.message import Message, fields
from mailkit.mime.bodytype import BodyType

__all__ = ["mistakes"]

_LONG_LINE = re.compile(rb"^[^\r\n]{999}", re.MULTILINE)  # RFC 5322 2.1.1; bound to where a line begins, to stay linear
_BARE_LF = re.compile(rb"(?<!\r)\n")
_BARE_CR = re.compile(rb"\r(?!\n)")
_EMPTY_LINE = re.compile(rb"\r?\n\r?\n")
_HIGH = re.compile(rb"[\x80-\xff]")
_NEEDED = ("From", "Date", "Message-ID")


def mistakes(
    raw: bytes, message: Message, body: BodyType = BodyType.SEVEN_BIT, *, is_smtputf8: bool = False
) -> tuple[str, ...]:
    """Return what is wrong with the content ``raw``, which says ``message`` and was declared to be ``body``."""
    return (*_of_bytes(raw, body, is_smtputf8), *_of_fields(message), *message.defects)


def _of_bytes(raw: bytes, body: BodyType, is_smtputf8: bool) -> list[str]:
    found = []
    if body is not BodyType.BINARY:
        if _BARE_LF.search(raw):
            found.append("lines end with a bare LF, not CR LF: many servers refuse that (RFC 5321 2.3.8)")
        if _BARE_CR.search(raw):
            found.append("there is a bare CR in it (RFC 5321 2.3.8)")
        if long := _LONG_LINE.search(raw):
            number = raw.count(b"\n", 0, long.start()) + 1
            found.append(f"line {number} has more than 998 octets: servers cut it or refuse it (RFC 5322 2.1.1)")
    if b"\0" in raw and body is not BodyType.BINARY:
        found.append("there is a NUL in it (RFC 5322 4.1)")
    if body is BodyType.SEVEN_BIT and _HIGH.search(raw, _body_of(raw) if is_smtputf8 else 0):
        found.append("it goes beyond ASCII without BODY=8BITMIME or SMTPUTF8 (RFC 6152)")
    return found


def _body_of(raw: bytes) -> int:
    """Where the body begins."""
    found = _EMPTY_LINE.search(raw)
    return found.end() if found else len(raw)


def _of_fields(message: Message) -> list[str]:
    """RFC 5322 3.6: what must be there, and what only once."""
    found = [f"there is no {name} field (RFC 5322 3.6)" for name in _NEEDED if name not in message.headers]
    found += [
        f"the field {name} is there {count} times (RFC 5322 3.6)"
        for name in message.headers
        if fields.rule(name).is_unique and (count := len(message.headers.get_all(name))) > 1
    ]
    if message.bcc:
        found.append("a Bcc field in the message shows everybody who got a blind copy (RFC 5322 3.6.3)")
    return found
