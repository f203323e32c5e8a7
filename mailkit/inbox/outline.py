"""The parts of a caught message as they were sent: types, encodings, sizes, one within the other."""

import email
from email.message import Message as Entity
from email.policy import compat32

__all__ = ["outline"]

_MOST_PARTS = 1_000
_DEEPEST = 50
_LONGEST = 300  # characters of a name or a type


def outline(raw: bytes) -> dict[str, object]:
    """Return the tree of parts for JSON, as Python's own parser reads it: it is not ours, and so a second opinion."""
    try:
        return _part(email.message_from_bytes(raw, policy=compat32), [_MOST_PARTS], 0)
    except RecursionError:  # thousands of parts, each within the one before: that parser calls itself for each
        problem = "nested too deeply to be shown"
    except (ValueError, LookupError, TypeError, AttributeError):  # what it raises for hostile parameters
        problem = "cannot be read by Python's parser"
    return {**_part(Entity(), [1], 0), "type": problem}


def _part(entity: Entity, room: list[int], depth: int) -> dict[str, object]:
    room[0] -= 1
    inner = entity.get_payload() if entity.is_multipart() else []
    parts = []
    for one in inner if isinstance(inner, list) and depth < _DEEPEST else ():
        if room[0] <= 0:
            break
        if isinstance(one, Entity):
            parts.append(_part(one, room, depth + 1))
    content = entity.get_payload()
    return {
        "type": entity.get_content_type()[:_LONGEST],
        "charset": _text(entity.get_content_charset()),
        "encoding": _text(entity.get("content-transfer-encoding")),
        "disposition": _text(entity.get_content_disposition()),
        "filename": _text(entity.get_filename()),
        "cid": _text(entity.get("content-id")).strip("<> "),
        "size": len(content) if isinstance(content, str) else 0,
        "parts": parts,
    }


def _text(value: object) -> str:
    return str(value or "").encode("utf-8", "replace").decode()[:_LONGEST]
