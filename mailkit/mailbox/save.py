"""Mail as files: a whole message, or what is attached to it, under names that are safe whatever the mail calls them."""

import os
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path

from mailkit.errors import MailboxError, MailkitError
from mailkit.mailbox.stored import StoredMessage
from mailkit.message import Attachment, Message
from mailkit.message.filename import safe

__all__ = ["save", "save_attachments"]

_TRIES = 10_000
# For files without a name.
_ENDINGS = {
    "message/rfc822": ".eml",
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "text/csv": ".csv",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
}


def save(message: Message, folder: str | os.PathLike[str], *, name: str = "") -> Path:
    """Write a message into a folder as an ``.eml`` file, exactly as the server has it, and return the file.

    Without a name it is called by its UID and subject. Nothing is overwritten: a number is added to a name that is taken.
    A large message goes from the server to the disk in blocks. Raises MailboxError when it cannot be written.
    """
    if name:
        title = safe(name, otherwise="message")
    else:
        uid = message.uid if isinstance(message, StoredMessage) else ""
        number = message.number if isinstance(message, StoredMessage) else 0
        title = safe(f"{uid or number or ''} {message.subject.replace('/', '-')}".strip(), otherwise="message")
    if not title.lower().endswith(".eml"):
        title += ".eml"
    blocks = message.blocks() if isinstance(message, StoredMessage) else iter((message.raw or bytes(message),))
    return _written(Path(folder), title, lambda: blocks)


def save_attachments(message: Message, folder: str | os.PathLike[str], *, embedded: bool = False) -> tuple[Path, ...]:
    """Write the files that are attached to a message into a folder, and return them; with the pictures in it, if asked.

    What a mail calls a file is never a path. Nothing is overwritten: a number is added to a name that is taken. Raises
    MailboxError when one cannot be written.
    """
    files = (*message.attachments, *(message.embedded if embedded else ()))
    return tuple(_written(Path(folder), _name(file), file.blocks) for file in files)


def _name(file: Attachment) -> str:
    return safe(file.filename, otherwise=f"attachment{_ENDINGS.get(file.type.partition(';')[0].strip(), '')}")


def _written(folder: Path, name: str, blocks: Callable[[], Iterable[bytes]]) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path, descriptor = _free(folder, name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.writelines(blocks())
        except BaseException:
            path.unlink(missing_ok=True)  # half a message is none
            raise
    except OSError as error:
        if isinstance(error, MailkitError):  # ConnectError is an OSError as well
            raise
        raise MailboxError(f"{name!r} cannot be written into {str(folder)!r}: {error.strerror}") from None
    return path


def _free(folder: Path, name: str) -> tuple[Path, int]:
    """Make a file that was not there. A link that somebody has put in its place is not followed."""
    for candidate in _numbered(name):
        path = folder / candidate
        try:
            return path, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        except FileExistsError:
            continue
    raise MailboxError(f"there are {_TRIES} files like {name!r} in {str(folder)!r}", hint="Choose another folder.")


def _numbered(name: str) -> Iterator[str]:
    yield name
    stem, dot, ending = name.rpartition(".")
    for number in count(2):
        if number > _TRIES:
            return
        yield f"{stem} ({number}){dot}{ending}" if stem else f"{name} ({number})"
