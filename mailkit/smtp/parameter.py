"""The parameters of MAIL and RCPT, as a server reads them (RFC 1870, 3030, 3461, 4954, 6152, 6531)."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from mailkit.mime import xtext
from mailkit.mime.bodytype import BodyType
from mailkit.smtp.dsn import RecipientDsn
from mailkit.smtp.origin import ORIGIN
from mailkit.smtp.policy import ServerProfile
from mailkit.smtp.reply import Reply

__all__ = ["MailParameters", "mail_parameters", "rcpt_parameters"]

_SIZE = re.compile(r"[0-9]{1,20}")  # RFC 1870 3
_NOTIFY = ("SUCCESS", "FAILURE", "DELAY")
_TYPE = re.compile(r"[A-Za-z0-9-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ENVID_LIMIT = 100  # RFC 3461 4.4

_Found = TypeVar("_Found")


class _Refused(Exception):
    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.reply = Reply.of(code, text)


@dataclass(frozen=True, slots=True)
class MailParameters:
    """What MAIL said beside the address."""

    body: BodyType = BodyType.SEVEN_BIT
    is_smtputf8: bool = False
    ret: str = ""
    envid: str = ""
    origin: str = ""


def mail_parameters(text: str, profile: ServerProfile, *, takes_auth: bool) -> MailParameters | Reply:
    """Read what follows the path in MAIL. Returns the reply to give when it cannot be taken."""

    def take(found: MailParameters, keyword: str, value: str) -> MailParameters:
        match keyword:
            case "SIZE" if _SIZE.fullmatch(value):
                if int(value) > profile.max_size:
                    raise _Refused(552, "5.3.4 Message too large")
                return found
            case "BODY" if value.upper() in _bodies(profile):
                return replace(found, body=BodyType(value.upper()))
            case "SMTPUTF8" if not value and "SMTPUTF8" in profile.extensions:
                return replace(found, is_smtputf8=True)
            case "AUTH" if takes_auth:
                return found
            case "RET" if "DSN" in profile.extensions:
                if value.upper() not in ("FULL", "HDRS"):
                    raise _Refused(501, "5.5.4 RET is FULL or HDRS")
                return replace(found, ret=value.upper())
            case _ if keyword == ORIGIN and ORIGIN in profile.extensions:
                return replace(found, origin=value)
            case "ENVID" if "DSN" in profile.extensions:
                return replace(found, envid=_envid(value))
        raise _Refused(555, f"5.5.4 Unknown parameter {keyword}")

    return _read(text, MailParameters(), take)


def rcpt_parameters(text: str, profile: ServerProfile) -> RecipientDsn | Reply:
    """Read what follows the path in RCPT. Returns the reply to give when it cannot be taken."""

    def take(found: RecipientDsn, keyword: str, value: str) -> RecipientDsn:
        match keyword:
            case "NOTIFY" if "DSN" in profile.extensions:
                return replace(found, notify=_notify(value))
            case "ORCPT" if "DSN" in profile.extensions:
                return replace(found, original=_original(value))
        raise _Refused(555, f"5.5.4 Unknown parameter {keyword}")

    return _read(text, RecipientDsn(), take)


def _read(text: str, found: _Found, take: Callable[[_Found, str, str], _Found]) -> _Found | Reply:
    seen: set[str] = set()
    try:
        for word in text.split():
            keyword, _, value = word.partition("=")
            keyword = keyword.upper()
            found = take(found, keyword, value)
            if keyword in seen:
                raise _Refused(501, f"5.5.4 {keyword} is given twice")
            seen.add(keyword)
    except _Refused as refused:
        return refused.reply
    return found


def _bodies(profile: ServerProfile) -> list[str]:
    eight_bit = ["7BIT", "8BITMIME"] if "8BITMIME" in profile.extensions else []
    return [*eight_bit, "BINARYMIME"] if "BINARYMIME" in profile.extensions else eight_bit


def _envid(value: str) -> str:
    envid = xtext.decode(value)
    if not envid or not envid.isascii() or not envid.isprintable() or len(envid) > _ENVID_LIMIT:
        raise _Refused(501, f"5.5.4 ENVID is xtext of at most {_ENVID_LIMIT} printable characters")
    return envid


def _notify(value: str) -> tuple[str, ...]:
    words = value.upper().split(",")
    if words == ["NEVER"]:
        return ("NEVER",)
    if len(set(words)) != len(words) or not set(words) <= set(_NOTIFY):
        raise _Refused(501, "5.5.4 NOTIFY is NEVER, or a list of SUCCESS, FAILURE and DELAY")
    return tuple(word for word in _NOTIFY if word in words)


def _original(value: str) -> str:
    kind, _, encoded = value.partition(";")
    address = xtext.decode_address(encoded) if kind.lower() == "utf-8" else xtext.decode(encoded)
    if not _TYPE.fullmatch(kind) or not address or _CONTROL.search(address):
        raise _Refused(501, "5.5.4 ORCPT is a type, a semicolon and an address in xtext")
    return f"{kind};{address}"
