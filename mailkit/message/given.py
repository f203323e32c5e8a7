"""What users give to the builder's steps, turned into values or refused with the field's name."""

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum
from os import PathLike
from typing import BinaryIO, TypeAlias, TypeVar

from mailkit.errors import AddressError, AttachmentError, MessageError
from mailkit.message.address import Address, Addressee, named
from mailkit.message.attachment import Attachment
from mailkit.message.group import Group, Recipient, only_mailboxes, recipients
from mailkit.message.message import Message

__all__ = ["File", "Several", "attachment", "body", "choice", "several", "single"]

Several: TypeAlias = Addressee | Group | Iterable[Addressee | Group]
"""What may stand for recipients."""

File: TypeAlias = str | PathLike[str] | bytes | BinaryIO | Attachment | Message
"""What may stand for a file: a path, bytes, a binary stream, an Attachment, or a Message."""


def several(given: tuple[Several, ...], *, field: str) -> tuple[Recipient, ...]:
    """What the steps for recipients take: addressees, groups, and lists of them."""
    if len(given) == 1:  # nearly always
        one = given[0]
        if type(one) is tuple and len(one) == 2 and type(one[1]) is str and type(one[0]) is str and "@" not in one[0]:
            try:
                return (Address(one[1], name=one[0]),)
            except AddressError as error:
                raise named(error, field) from None
        return recipients(one, field=field)
    return tuple(address for one in given for address in recipients(one, field=field))


def single(given: Addressee, *, field: str) -> tuple[Address, ...]:
    found = only_mailboxes(given, field=field)
    if len(found) != 1:
        raise MessageError(f"one address is wanted here, not {len(found)}", field=field)
    return found


def body(text: str, *, field: str) -> str:
    if not isinstance(text, str):
        raise MessageError(
            f"text is wanted, not {type(text).__name__}", field=field, hint="Decode bytes first: data.decode('utf-8')."
        )
    try:
        if not text.isascii():
            text.encode("utf-16-le")  # refuses what UTF-8 refuses, in a tenth of the time
    except UnicodeEncodeError as error:
        raise MessageError(
            f"half a character (a lone surrogate) at position {error.start}",
            field=field,
            hint="Decode the text correctly before composing, for example with errors='replace'.",
        ) from None
    return text


def attachment(file: File, filename: str, kind: str) -> Attachment:
    if isinstance(file, Attachment):
        if not filename and not kind:
            return file
        return replace(file, filename=filename or file.filename, type=kind or file.type)
    if isinstance(file, Message):
        return Attachment.from_message(file, filename=filename or "message.eml")
    if isinstance(file, bytes | bytearray | memoryview):
        if not filename:
            raise AttachmentError("bytes need a file name", hint="attach(data, filename='report.pdf').")
        return Attachment(bytes(file), filename=filename, type=kind)
    if not isinstance(file, str | PathLike) and hasattr(file, "read"):
        return Attachment.from_stream(file, filename=filename, type=kind)
    if not isinstance(file, str | PathLike):
        raise AttachmentError(f"a path, bytes or a binary stream is wanted, not {type(file).__name__}")
    return Attachment.from_path(file, filename=filename, type=kind)


_Choice = TypeVar("_Choice", bound=StrEnum)


def choice(choices: type[_Choice], given: str, *, field: str) -> _Choice:
    try:
        return choices(given)
    except ValueError:
        raise MessageError(f"{given!r} is not known", field=field, hint=f"Choose {', '.join(choices)}.") from None
