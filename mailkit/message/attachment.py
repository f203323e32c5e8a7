"""Files that travel with a message."""

import codecs
import hashlib
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike, fspath
from pathlib import Path
from threading import Lock
from typing import BinaryIO, SupportsBytes

from mailkit.errors import AttachmentError, MessageError
from mailkit.message.filename import concerns
from mailkit.message.stored import LARGEST_KEPT, StoredBody, StoredFile, spooled, stored
from mailkit.mime import mediatype, transfer
from mailkit.mime.bodytype import BodyType
from mailkit.mime.control import refuse_controls
from mailkit.mime.transfer import Encoded

__all__ = ["Attachment"]


_LONGEST_CID = 255  # it has to fit into one line of the header, and into the HTML that names it
_encoding = Lock()


@dataclass(frozen=True)
class Attachment:
    """A file: its bytes, its name and its media type.

    The type, when it is not given, is guessed from the name, and from the content when the name says nothing. A file
    is encoded once; every message that carries the same Attachment shares the result, in every thread.

    >>> Attachment(b"a;b", filename="table.csv").type
    'text/csv'

    Raises AttachmentError for a name, type or content id that cannot be written.
    """

    content: bytes | StoredFile = field(repr=False)
    """The bytes, or where they lie on the disk when they are many (see :meth:`from_path`)."""
    filename: str = field(default="", kw_only=True)
    type: str = field(default="", kw_only=True)
    cid: str = field(default="", kw_only=True)
    """The content id under which HTML shows it (``<img src="cid:…">``). Empty: an ordinary attachment."""
    inline: bool = field(default=False, kw_only=True)
    """Whether readers should show it in its place, below the text, rather than offer it (RFC 2183 2.1)."""

    def __post_init__(self) -> None:
        if not isinstance(self.content, bytes | StoredFile):
            raise AttachmentError(
                f"a file is bytes, not {type(self.content).__name__}", hint="Use Attachment.from_text() for text."
            )
        try:
            refuse_controls(self.filename, field="file name")
            kind = mediatype.check(self.type, field="type") if self.type else self._guessed()
            object.__setattr__(self, "type", kind)
            refuse_controls(self.cid, field="cid")
        except MessageError as error:
            problem = error.problem.removeprefix(f"{error.field}: ")
            raise AttachmentError(problem, field=error.field, hint=error.hint) from None
        if any(character in " \t<>" or not character.isascii() for character in self.cid):
            raise AttachmentError(
                f"{self.cid!r} has characters outside a content id (RFC 2392)",
                field="cid",
                hint="Use letters, digits, '-', '.' and '@'.",
            )
        if len(self.cid) > _LONGEST_CID:
            raise AttachmentError(f"a content id has at most {_LONGEST_CID} characters", field="cid")
        if self.type.startswith("multipart/"):
            raise AttachmentError(
                f"a file cannot be {self.type}", field="type", hint="Attach .eml files as message/rfc822."
            )

    def _guessed(self) -> str:
        by_name = mediatype.guess(self.filename)
        if by_name != mediatype.UNKNOWN:
            return by_name
        return mediatype.sniff(next(iter(self.blocks()), b""))

    @classmethod
    def from_path(
        cls,
        path: str | PathLike[str],
        *,
        filename: str = "",
        type: str = "",  # noqa: A002 - the word of the builder
        cid: str = "",
        inline: bool = False,
    ) -> "Attachment":
        """Read a file. Its name is the path's last segment unless ``filename`` is given.

        A file over 4 MiB stays on the disk and is read when the message is sent, in bounded memory; it must not change
        until then. Raises AttachmentError for what is no ordinary file, such as a folder, a pipe or a device.
        """
        file = Path(fspath(path))
        try:
            status = file.stat()
            if not stat.S_ISREG(status.st_mode):
                raise AttachmentError(f"cannot read {str(file)!r}: it is not a file")
            is_kept = status.st_size <= LARGEST_KEPT or mediatype.guess(file.name).startswith("message/")
            content = file.read_bytes() if is_kept else stored(file, status)
        except FileNotFoundError:
            raise AttachmentError(
                f"there is no file {str(file)!r}",
                hint=f"The path is relative to {Path.cwd()}." * (not file.is_absolute()),
            ) from None
        except (OSError, ValueError) as error:
            if isinstance(error, AttachmentError):
                raise
            raise AttachmentError(f"cannot read {str(file)!r}: {getattr(error, 'strerror', '') or error}") from None
        return cls(content, filename=filename or file.name, type=type, cid=cid, inline=inline)

    @classmethod
    def from_stream(
        cls,
        stream: BinaryIO,
        *,
        filename: str = "",
        type: str = "",  # noqa: A002
        cid: str = "",
        inline: bool = False,
    ) -> "Attachment":
        """Read a binary stream to its end. What is over 4 MiB is kept in a temporary file, so that it can be sent again.

        Without ``filename`` it is named as the stream is.
        """
        name = getattr(stream, "name", "")
        filename = filename or (Path(name).name if isinstance(name, str) else "")
        if not filename and not cid:
            raise AttachmentError(
                "a stream without a name needs a file name", hint="attach(stream, filename='report.pdf')."
            )
        return cls(spooled(stream), filename=filename, type=type, cid=cid, inline=inline)

    @classmethod
    def from_text(cls, text: str, *, filename: str, type: str = "") -> "Attachment":  # noqa: A002
        """Attach text, encoded as UTF-8."""
        try:
            return cls(text.encode(), filename=filename, type=type)
        except UnicodeEncodeError as error:
            raise AttachmentError(
                f"the text of {filename!r} has half a character (a lone surrogate) at position {error.start}"
            ) from None

    @classmethod
    def from_message(cls, message: SupportsBytes, *, filename: str = "message.eml") -> "Attachment":
        """Attach a whole message, as ``message/rfc822``."""
        return cls(bytes(message), filename=filename, type="message/rfc822")

    @property
    def data(self) -> bytes:
        """The bytes. Those of a large file are read from the disk each time."""
        return self.content if isinstance(self.content, bytes) else self.content.read()

    def blocks(self) -> Iterable[bytes]:
        """Go through the bytes in bounded memory. Raises AttachmentError when a large file has changed."""
        return (self.content,) if isinstance(self.content, bytes) else self.content.blocks()

    @property
    def size(self) -> int:
        """How many bytes the file has, before it is encoded."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.size

    @property
    def is_inline(self) -> bool:
        """Whether readers should show it rather than offer it."""
        return self.inline or bool(self.cid)

    @property
    def concerns(self) -> tuple[str, ...]:
        """What is doubtful about the name, in words: a hidden ending, a path in it, a name that Windows reserves.

        >>> Attachment(b"", filename="../invoice.pdf").concerns
        ('a path separator: readers keep what follows it, or refuse the file',)
        """
        return concerns(self.filename)

    @property
    def encoded(self) -> Encoded | StoredBody:
        """The content in the transfer encoding that every server takes."""
        made: Encoded | StoredBody | None = self.__dict__.get("_encoded")
        if made is None:
            with _encoding:  # a second thread waits for the first rather than encode a large file again
                made = self.__dict__.get("_encoded")
                if made is None:
                    made = self.__dict__["_encoded"] = self._encode()
        return made

    def _encode(self) -> Encoded | StoredBody:
        if self.type.startswith("message/"):
            encoded = transfer.encode_message(self.data)
            if encoded is None:
                raise AttachmentError(
                    f"{self.filename!r} has a NUL or a line over 998 bytes, which a message inside a message cannot have",
                    field="type",
                    hint="Attach it with type='application/octet-stream'.",
                )
            return encoded
        if isinstance(self.content, StoredFile):
            return StoredBody(self.content, "base64")
        return transfer.encode_binary(self.content)

    def encoded_for(self, limit: BodyType) -> Encoded | StoredBody:
        """Return the content in the cheapest transfer encoding that ``limit`` allows."""
        if limit is not BodyType.BINARY or self.type.startswith("message/"):
            return self.encoded
        if isinstance(self.content, StoredFile):
            return StoredBody(self.content, "binary")
        return Encoded("binary", self.content)

    @cached_property
    def charset(self) -> str:
        """The charset parameter: ``utf-8`` for text that is valid UTF-8, otherwise none."""
        if not self.type.startswith("text/"):
            return ""
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            for block in self.blocks():
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return ""
        return "utf-8"

    @cached_property
    def made_cid(self) -> str:
        """A content id made from name and content: the same for the same picture."""
        summed = hashlib.sha256(self.filename.encode() + b"\0")
        for block in self.blocks():
            summed.update(block)
        return f"{summed.hexdigest()[:20]}@mailkit"

    def with_cid(self, cid: str = "") -> "Attachment":
        """Return the same file as an embedded one; without ``cid``, the id is made from name and content."""
        if cid and cid == self.cid:
            return self  # the same file, encoded already
        return Attachment(self.content, filename=self.filename, type=self.type, cid=cid or self.made_cid)

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in self.__dict__.items() if name != "_encoded"}
