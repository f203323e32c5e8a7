"""What a message is, told in brief: its envelope and the tree of its parts (RFC 3501 7.4.2)."""

import re
from email.utils import getaddresses

from mailkit.errors import MailkitError
from mailkit.inbox.imap.part import Part
from mailkit.inbox.imap.syntax import quoted
from mailkit.message import Group
from mailkit.message.group import parse_list
from mailkit.mime import encodedword

__all__ = ["body_structure", "envelope"]

_PARAMETER = re.compile(r';\s*([^\s=;"]{1,100})\s*=\s*("(?:[^"\\]|\\.)*"|[^;"]*)')
_MOST_PARAMETERS = 50
_LONGEST_LIST = 100_000  # characters of addresses that are read


def envelope(part: Part) -> bytes:
    """Return the ENVELOPE. The sender and where replies go are said to be the author, as the RFC wants it, where nothing is said."""
    author = part.get("from")
    lists = [_addresses(part.get(name) or author) for name in ("from", "sender", "reply-to")]
    lists += [_addresses(part.get(name)) for name in ("to", "cc", "bcc")]
    begin = [quoted(part.get(name)) for name in ("date", "subject")]
    end = [quoted(part.get(name)) for name in ("in-reply-to", "message-id")]
    return b"(%b)" % b" ".join([*begin, *lists, *end])


def _addresses(text: str | None) -> bytes:
    text = (text or "")[:_LONGEST_LIST]
    said: list[bytes] = []
    try:
        for one in parse_list(text, tolerant=True):
            if isinstance(one, Group):
                said += [_address(None, one.name, None), *(_mailbox(each.name, each.email) for each in one)]
                said.append(_address(None, None, None))
            else:
                said.append(_mailbox(one.name, one.email))
    except MailkitError:  # no list of addresses; a client shows what can be read of it
        said = [_mailbox(name, email) for name, email in getaddresses([text]) if email]
    return b"(%b)" % b"".join(said) if said else b"NIL"


def _mailbox(name: str, email: str) -> bytes:
    local, _, domain = email.rpartition("@")
    return _address(name or None, local or domain, domain if local else "")


def _address(name: str | None, local: str | None, domain: str | None) -> bytes:
    """RFC 3501 7.4.2: an address without a domain begins a group, and one without anything ends it."""
    shown = " ".join(encodedword.encode(name)) if name and not name.isascii() else name
    return b"(%b NIL %b %b)" % (quoted(shown), quoted(local), quoted(domain))


def body_structure(part: Part, *, is_extended: bool) -> bytes:
    """Return the BODYSTRUCTURE, or with ``is_extended`` false the BODY, which says less."""
    kind, subtype, _ = part.content_type
    if part.is_multipart:
        parts = b"".join(body_structure(one, is_extended=is_extended) for one in part.parts)
        said = [parts, quoted(subtype.upper())]
        if is_extended:
            said += [_parameters(part.get("content-type")), _disposition(part), b"NIL", b"NIL"]
        return b"(%b)" % b" ".join(said)
    if kind == "multipart":  # whose boundary is nowhere
        kind, subtype = "text", "plain"
    said = [
        quoted(kind.upper()),
        quoted(subtype.upper()),
        _parameters(part.get("content-type"), default="us-ascii" if kind == "text" else ""),
        quoted(part.get("content-id")),
        quoted(part.get("content-description")),
        quoted((part.get("content-transfer-encoding") or "7BIT").upper()),
        b"%d" % len(part.body),
    ]
    if part.is_forwarded:
        inner = part.parts[0]
        said += [envelope(inner), body_structure(inner, is_extended=is_extended)]
    if part.is_forwarded or kind == "text":
        said.append(b"%d" % part.body.count(b"\n"))
    if is_extended:
        said += [quoted(part.get("content-md5")), _disposition(part), b"NIL", b"NIL"]
    return b"(%b)" % b" ".join(said)


def _parameters(text: str | None, *, default: str = "") -> bytes:
    """The parameters as they stand: what RFC 2231 has encoded, the client decodes. ``default`` is the charset without any."""
    found = _PARAMETER.findall(text or "")[:_MOST_PARAMETERS] or ([("charset", default)] if default else [])
    said = [quoted(one) for name, value in found for one in (name.upper(), _bare(value))]
    return b"(%b)" % b" ".join(said) if said else b"NIL"


def _bare(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value.strip()


def _disposition(part: Part) -> bytes:
    text = part.get("content-disposition")
    kind = (text or "").partition(";")[0].strip()
    return b"(%b %b)" % (quoted(kind.upper()), _parameters(text)) if kind else b"NIL"
