"""All that a page or a program is told of one message."""

from collections.abc import Sequence

from mailkit.inbox.caught import Caught
from mailkit.inbox.frame import remote_count
from mailkit.inbox.outline import outline
from mailkit.message import Attachment, Message
from mailkit.message.stored import StoredFile

__all__ = ["attached", "contents", "detail"]

_MOST_TEXT = 1_000_000  # characters of a text or of a field that are told


def detail(caught: Caught) -> dict[str, object]:
    """Return it for JSON: fields, text, parts, envelope, session, warnings, links and code. The HTML is asked for on its own."""
    return {
        "id": caught.id,
        "at": caught.at.isoformat(),
        "inbox": caught.inbox,
        "size": len(caught.raw),
        **contents(caught.message),
        "bcc": list(caught.bcc),
        "unread": caught.is_unread,
        "tags": list(caught.tags),
        "envelope": {
            "sender": caught.sender,
            "recipients": list(caught.recipients),
            "user": caught.user,
            "peer": caught.peer,
            "hello": caught.hello,
            "secure": caught.is_secure,
            "body": str(caught.body),
        },
        "parts": outline(caught.raw),
        "warnings": list(caught.warnings),
        "links": list(caught.links()),
        "code": caught.code(),
        "origin": dict(caught.origin),
        "transcript": list(caught.transcript),
    }


def contents(message: Message) -> dict[str, object]:
    """Return what is told of any message: who, what, its header fields, its text and its files."""
    return {
        "subject": message.subject,
        "from": [str(one) for one in message.from_],
        "to": [str(one) for one in message.to],
        "cc": [str(one) for one in message.cc],
        "reply_to": [str(one) for one in message.reply_to],
        "message_id": message.message_id,
        "headers": [[field.name, str(field)[:_MOST_TEXT]] for field in message.headers.fields],
        "text": message.text[:_MOST_TEXT] if message.text is not None else None,
        "has_html": message.html is not None,
        "remote": remote_count(message.html or ""),
        "attachments": [_file(number, part) for number, part in enumerate(message.parts())],
    }


def attached(caught: Caught) -> Sequence[Attachment]:
    """Return its files, in the order of their numbers: pictures in the HTML first."""
    return tuple(caught.message.parts())


def _file(number: int, part: Attachment) -> dict[str, object]:
    size = part.content.size if isinstance(part.content, StoredFile) else len(part.content)
    return {"number": number, "filename": part.filename, "type": part.type, "size": size, "cid": part.cid}
